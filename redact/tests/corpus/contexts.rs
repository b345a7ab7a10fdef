//! How a name and its value are written down.

use super::{Case, Format, Rng, base64};

struct Named<'a> {
    snake: &'a str,
    shout: String,
    camel: String,
    pascal: String,
    kebab: String,
    dotted: String,
    label: &'a str,
    value: &'a str,
}

fn humps(snake: &str, first_upper: bool) -> String {
    let word = |(i, w): (usize, &str)| {
        let mut c = w.chars();
        match c.next() {
            Some(f) if i > 0 || first_upper => f.to_ascii_uppercase().to_string() + c.as_str(),
            _ => w.to_owned(),
        }
    };
    snake.split('_').enumerate().map(word).collect()
}

type Context = fn(&Named<'_>, &mut Rng) -> (String, Vec<&'static str>);

/// Contexts that name the value.
const NAMED: [(&str, Context); 78] = [
    ("json", |n, _| {
        (format!("{{\"app\":\"x1\",\"{}\":\"{}\",\"retries\":5}}", n.snake, n.value), vec!["\"retries\":5"])
    }),
    ("json_camel", |n, _| {
        (format!("{{\n  \"{}\": \"{}\",\n  \"port\": 8080\n}}", n.camel, n.value), vec!["\"port\": 8080"])
    }),
    ("json_pair", |n, _| {
        (
            format!(
                "[{{\"name\": \"{}\", \"value\": \"{}\"}}, {{\"name\": \"MODE\", \"value\": \"fast\"}}]",
                n.shout, n.value
            ),
            vec!["\"value\": \"fast\""],
        )
    }),
    ("json_pair2", |n, _| {
        (
            format!("{{\"key\":\"{}\",\"value\":\"{}\",\"enabled\":true}}", n.snake, n.value),
            vec!["\"enabled\":true"],
        )
    }),
    ("json_nested", |n, _| {
        (
            format!("{{\"out\":\"{{\\\"{}\\\":\\\"{}\\\",\\\"ok\\\":true}}\",\"seq\":7}}", n.snake, n.value),
            vec!["\"seq\":7"],
        )
    }),
    ("json_nested2", |n, _| {
        (
            format!(
                "{{\"a\":\"{{\\\"b\\\":\\\"{{\\\\\\\"{}\\\\\\\":\\\\\\\"{}\\\\\\\"}}\\\"}}\"}}",
                n.snake, n.value
            ),
            vec![],
        )
    }),
    ("json_env", |n, _| {
        (
            format!("{{\"cmd\":\"export {}={}\\nrun\",\"code\":0}}", n.shout, n.value),
            vec!["\"code\":0", "\\nrun"],
        )
    }),
    ("yaml", |n, _| (format!("app: x\n{}: {}\nmode: fast\n", n.snake, n.value), vec!["mode: fast"])),
    ("yaml_nested", |n, _| {
        (format!("service:\n  auth:\n    {}: \"{}\"\n    retries: 3\n", n.camel, n.value), vec!["retries: 3"])
    }),
    ("yaml_flow", |n, _| (format!("auth: {{ {}: {}, retries: 3 }}\n", n.snake, n.value), vec!["retries: 3"])),
    ("yaml_env", |n, _| {
        (
            format!("env:\n  - name: {}\n    value: {}\n  - name: MODE\n    value: fast\n", n.shout, n.value),
            vec!["value: fast"],
        )
    }),
    ("yaml_env_quoted", |n, _| {
        (
            format!("env:\n- name: \"{}\"\n  value: \"{}\"\n- name: MODE\n", n.shout, n.value),
            vec!["- name: MODE"],
        )
    }),
    ("yaml_block", |n, _| (format!("{}: |\n  {}\nmode: fast\n", n.snake, n.value), vec!["mode: fast"])),
    ("compose", |n, _| {
        (format!("environment:\n  - {}={}\n  - MODE=fast\n", n.shout, n.value), vec!["MODE=fast"])
    }),
    ("toml", |n, _| {
        (format!("mode = \"fast\"\n{} = \"{}\"\nlimit = 10\n", n.snake, n.value), vec!["limit = 10"])
    }),
    ("toml_table", |n, _| (format!("[auth]\n{}='{}'\nlimit=10\n", n.kebab, n.value), vec!["limit=10"])),
    ("ini", |n, _| {
        (format!("[main]\nuser = ops\n{} = {}\nport = 5\n", n.snake, n.value), vec!["user = ops", "port = 5"])
    }),
    ("properties", |n, _| {
        (format!("app.mode=fast\napp.{}={}\napp.port=80\n", n.dotted, n.value), vec!["app.port=80"])
    }),
    ("env", |n, _| (format!("APP=x\n{}={}\nDEBUG=0\n", n.shout, n.value), vec!["DEBUG=0"])),
    ("env_quoted", |n, _| (format!("{}=\"{}\"\nDEBUG=0\n", n.shout, n.value), vec!["DEBUG=0"])),
    ("env_prefix", |n, _| (format!("MYAPP_{}_PROD={}\nDEBUG=0\n", n.shout, n.value), vec!["DEBUG=0"])),
    ("export", |n, _| (format!("export {}='{}'\n./run --fast\n", n.shout, n.value), vec!["./run --fast"])),
    ("inline_env", |n, _| (format!("$ {}={} ./run --fast", n.shout, n.value), vec!["./run --fast"])),
    ("docker_e", |n, _| {
        (format!("docker run --rm -e {}={} -p 80:80 acme/web", n.shout, n.value), vec!["-p 80:80 acme/web"])
    }),
    ("dockerfile", |n, _| (format!("FROM scratch\nENV {} {}\nCMD run\n", n.shout, n.value), vec!["CMD run"])),
    ("dockerfile_eq", |n, _| (format!("ARG {}={}\nRUN make\n", n.shout, n.value), vec!["RUN make"])),
    ("powershell", |n, _| (format!("$env:{} = \"{}\"\n./run.ps1", n.shout, n.value), vec!["./run.ps1"])),
    ("cmd_set", |n, _| (format!("set {}={}\r\nrun.exe\r\n", n.shout, n.value), vec!["run.exe"])),
    ("flag_space", |n, _| (format!("./start --{} {} --limit 10", n.kebab, n.value), vec!["--limit 10"])),
    ("flag_equals", |n, _| (format!("./start --{}={} --limit=10", n.kebab, n.value), vec!["--limit=10"])),
    ("flag_quoted", |n, _| (format!("./start --{} \"{}\" --limit 10", n.kebab, n.value), vec!["--limit 10"])),
    ("helm_set", |n, _| {
        (format!("helm install x . --set auth.{}={} --wait", n.camel, n.value), vec!["--wait"])
    }),
    ("from_literal", |n, _| {
        (
            format!("kubectl create secret generic x --from-literal={}={} -n prod", n.kebab, n.value),
            vec!["-n prod"],
        )
    }),
    ("vault_put", |n, _| {
        (format!("vault kv put kv/app {}={} mode=fast", n.snake, n.value), vec!["mode=fast"])
    }),
    ("header", |n, _| {
        (format!("GET / HTTP/1.1\nX-{}: {}\nAccept: */*\n", n.kebab, n.value), vec!["Accept: */*"])
    }),
    ("curl_header", |n, _| {
        (
            format!("curl -H 'X-{}: {}' -H 'Accept: text/plain' https://a.example", n.kebab, n.value),
            vec!["Accept: text/plain"],
        )
    }),
    ("query", |n, _| {
        (format!("GET https://a.example/v1?{}={}&page=2 200", n.snake, percent(n.value)), vec!["&page=2"])
    }),
    ("query_first", |n, _| {
        (format!("https://a.example/cb?page=2&{}={}#top", n.camel, percent(n.value)), vec!["?page=2"])
    }),
    ("python", |n, _| {
        (format!("import os\n{} = \"{}\"\nLIMIT = 10\n", n.shout, n.value), vec!["LIMIT = 10"])
    }),
    ("python_typed", |n, _| {
        (
            format!("class C:\n    {}: str = '{}'\n    limit: int = 10\n", n.snake, n.value),
            vec!["limit: int = 10"],
        )
    }),
    ("python_kwarg", |n, _| {
        (format!("client = Client(url, {}=\"{}\", timeout=5)", n.snake, n.value), vec!["timeout=5"])
    }),
    ("python_dict", |n, _| (format!("cfg = {{'{}': '{}', 'port': 5}}", n.snake, n.value), vec!["'port': 5"])),
    ("python_environ", |n, _| {
        (format!("os.environ[\"{}\"] = \"{}\"\nmain()", n.shout, n.value), vec!["main()"])
    }),
    ("js_const", |n, _| {
        (format!("const {} = '{}';\nconst port = 80;", n.camel, n.value), vec!["const port = 80;"])
    }),
    ("ts_typed", |n, _| {
        (format!("private readonly {}: string = \"{}\";\nport = 80;", n.camel, n.value), vec!["port = 80;"])
    }),
    ("js_object", |n, _| {
        (format!("connect({{ {}: \"{}\", port: 80 }})", n.camel, n.value), vec!["port: 80"])
    }),
    ("js_env_or", |n, _| {
        (format!("const k = process.env.{} || \"{}\";\nrun();", n.shout, n.value), vec!["run();"])
    }),
    ("go_short", |n, _| (format!("{} := \"{}\"\nport := 80", n.camel, n.value), vec!["port := 80"])),
    ("go_field", |n, _| {
        (format!("cfg := Config{{{}: \"{}\", Port: 80}}", n.pascal, n.value), vec!["Port: 80"])
    }),
    ("go_const", |n, _| {
        (format!("const {} string = \"{}\"\nconst port = 80", n.camel, n.value), vec!["const port = 80"])
    }),
    ("java", |n, _| {
        (
            format!("private static final String {} = \"{}\";\nint port = 80;", n.shout, n.value),
            vec!["int port = 80;"],
        )
    }),
    ("java_setter", |n, _| {
        (
            format!("config.set{}(\"{}\");\nconfig.setPort(80);", n.pascal, n.value),
            vec!["config.setPort(80);"],
        )
    }),
    ("csharp", |n, _| {
        (format!("var o = new Options {{ {} = \"{}\", Port = 80 }};", n.pascal, n.value), vec!["Port = 80"])
    }),
    ("rust", |n, _| {
        (format!("const {}: &str = \"{}\";\nlet port = 80;", n.shout, n.value), vec!["let port = 80;"])
    }),
    ("rust_call", |n, _| {
        (format!("let {} = SecretString::from(\"{}\");\nrun();", n.snake, n.value), vec!["run();"])
    }),
    ("ruby", |n, _| {
        (format!("config = {{ :{} => \"{}\", :port => 80 }}", n.snake, n.value), vec![":port => 80"])
    }),
    ("php", |n, _| (format!("'{}' => '{}',\n'port' => 80,", n.snake, n.value), vec!["'port' => 80,"])),
    ("php_define", |n, _| {
        (format!("define('{}', '{}');\ndefine('PORT', 80);", n.shout, n.value), vec!["define('PORT', 80);"])
    }),
    ("terraform", |n, _| {
        (
            format!(
                "variable \"{}\" {{\n  type    = string\n  default = \"{}\"\n}}\nx = 1\n",
                n.snake, n.value
            ),
            vec!["x = 1"],
        )
    }),
    ("xml", |n, _| {
        (format!("<cfg><{0}>{1}</{0}><port>80</port></cfg>", n.camel, n.value), vec!["<port>80</port>"])
    }),
    ("xml_attr", |n, _| {
        (
            format!("<add key=\"{}\" value=\"{}\" />\n<add key=\"Port\" value=\"80\" />", n.pascal, n.value),
            vec!["value=\"80\""],
        )
    }),
    ("xml_prop", |n, _| {
        (format!("<property name=\"{}\">{}</property><x/>", n.dotted, n.value), vec!["</property><x/>"])
    }),
    ("plist", |n, _| {
        (format!("<key>{}</key>\n<string>{}</string>\n<true/>", n.pascal, n.value), vec!["<true/>"])
    }),
    ("diff_plus", |n, _| {
        (
            format!("--- a/c\n+++ b/c\n@@ -1 +1 @@\n-{0}: old\n+{0}: {1}\n port: 80\n", n.snake, n.value),
            vec!["+++ b/c", " port: 80"],
        )
    }),
    ("diff_minus", |n, _| {
        (format!("@@ -1,2 +1 @@\n-{}=\"{}\"\n PORT=80\n", n.shout, n.value), vec![" PORT=80"])
    }),
    ("table_row", |n, _| {
        (
            format!("| Setting | Value |\n|---|---|\n| {} | {} |\n| Port | 80 |\n", n.label, n.value),
            vec!["| Port | 80 |"],
        )
    }),
    ("table_tick", |n, _| {
        (format!("| `{}` | `{}` |\n| `PORT` | `80` |\n", n.shout, n.value), vec!["`PORT`"])
    }),
    ("bullet", |n, _| (format!("- **{}**: `{}`\n- **Port**: 80\n", n.label, n.value), vec!["**Port**: 80"])),
    ("bullet_bare", |n, _| (format!("* {}: {}\n* port: 80\n", n.label, n.value), vec!["* port: 80"])),
    ("prose_is", |n, _| {
        (
            format!("Deployed, all green. The {} is {} and the port is 80.", n.label, n.value),
            vec!["Deployed, all green.", "the port is 80"],
        )
    }),
    ("prose_is_tick", |n, _| {
        (format!("FYI the new {} is `{}`, please rotate.", n.label, n.value), vec!["please rotate."])
    }),
    ("prose_for", |n, _| (format!("{} for the staging box: {}\nsee you", n.label, n.value), vec!["see you"])),
    ("prose_my", |n, _| {
        (format!("sure, here's my {}: {} (don't share)", n.label, n.value), vec!["(don't share)"])
    }),
    ("prose_use", |n, _| {
        (format!("please use {} as the {} until Friday", n.value, n.label), vec!["until Friday"])
    }),
    ("log_kv", |n, _| {
        (format!("2026-03-01T10:00:00Z INFO boot {}={} mode=fast", n.snake, n.value), vec!["mode=fast"])
    }),
    ("log_colon", |n, _| {
        (
            format!("[10:00:01] DEBUG auth: using {}: {}\n[10:00:02] ok", n.label, n.value),
            vec!["[10:00:02] ok"],
        )
    }),
    ("ansi", |n, _| {
        (format!("\u{1b}[32m{}\u{1b}[0m=\u{1b}[33m{}\u{1b}[0m done", n.shout, n.value), vec!["done"])
    }),
    ("cjk", |n, _| (format!("服务器的{}：{}，请保存好。", n.label, n.value), vec!["请保存好"])),
];

/// Contexts for values that show by themselves what they are.
const BARE: [(&str, Context); 22] = [
    ("quote", |n, _| (format!("I got back: \"{}\", nothing more", n.value), vec!["nothing more"])),
    ("parens", |n, _| (format!("It works now ({}) so go on.", n.value), vec!["It works now", "so go on."])),
    ("tick", |n, _| (format!("try `{}` first", n.value), vec!["try", "first"])),
    ("end", |n, _| (format!("I pasted it here: {}.", n.value), vec!["I pasted it here"])),
    ("line", |n, _| (format!("one\n{}\ntwo\n", n.value), vec!["one\n", "\ntwo"])),
    ("comma", |n, _| (format!("a,b,{},d", n.value), vec!["a,b,", ",d"])),
    ("json_array", |n, _| (format!("[\"x\",\"{}\",\"y\"]", n.value), vec!["\"y\""])),
    ("json_note", |n, _| (format!("{{\"note\":\"use\\n{}\\nplease\"}}", n.value), vec!["please"])),
    ("nested_note", |n, _| {
        (format!("{{\"a\":\"{{\\\"b\\\":\\\"{}\\\"}}\",\"c\":1}}", n.value), vec!["\"c\":1"])
    }),
    ("bearer", |n, _| {
        (format!("GET / HTTP/1.1\nAuthorization: Bearer {}\nAccept: */*", n.value), vec!["Accept: */*"])
    }),
    ("curl_bearer", |n, _| {
        (
            format!("curl -sH \"Authorization: Bearer {}\" https://a.example/v1", n.value),
            vec!["https://a.example/v1"],
        )
    }),
    ("fence", |n, _| (format!("```\n{}\n```\nthat's it", n.value), vec!["that's it"])),
    ("ansi", |n, _| (format!("\u{1b}[1;32m{}\u{1b}[0m ok", n.value), vec!["ok"])),
    ("cjk", |n, _| (format!("这是{}请不要外传", n.value), vec!["请不要外传"])),
    ("cjk2", |n, _| (format!("使用「{}」登录", n.value), vec!["」登录"])),
    ("diff", |n, _| (format!("+{}\n-x\n", n.value), vec!["-x"])),
    ("angle", |n, _| (format!("got <{}> from it", n.value), vec!["from it"])),
    ("arrow", |n, _| (format!("before -> {} -> after", n.value), vec!["before", "after"])),
    ("assign", |n, _| (format!("x = '{}'; y = 2", n.value), vec!["y = 2"])),
    ("path", |n, _| (format!("wrote /tmp/keys/{} ok", n.value), vec!["wrote", "ok"])),
    ("quoted_mail", |n, _| (format!("> try this one\n> {}\nthanks", n.value), vec!["thanks"])),
    ("trace", |n, _| {
        (format!("Error: 401 for {} at send (client.js:10:5)", n.value), vec!["at send (client.js:10:5)"])
    }),
];

fn percent(value: &str) -> String {
    value
        .bytes()
        .map(|b| {
            let plain = b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
            if plain { char::from(b).to_string() } else { format!("%{b:02X}") }
        })
        .collect()
}

/// A text with one value of `format`, in a context that suits it.
pub(crate) fn case(format: &Format, rng: &mut Rng) -> Case {
    let value = format.value(rng);
    let bare = format.is_bare() && rng.below(3) == 0;
    let (name, context) = if bare { *rng.pick(&BARE) } else { *rng.pick(&NAMED) };
    build(format, &value, name, context, rng)
}

fn build(format: &Format, value: &str, name: &str, context: Context, rng: &mut Rng) -> Case {
    let snake = rng.pick(&format.names).clone();
    let named = Named {
        snake: &snake,
        shout: snake.to_ascii_uppercase(),
        camel: humps(&snake, false),
        pascal: humps(&snake, true),
        kebab: snake.replace('_', "-"),
        dotted: snake.replace('_', "."),
        label: &format.label,
        value,
    };
    let (text, keep) = context(&named, rng);
    let secrets = if text.contains(value) { vec![value.to_owned()] } else { vec![percent(value)] };
    Case {
        tier: "core",
        category: format.category.clone(),
        format: format.id.clone(),
        context: name.to_owned(),
        text,
        secrets,
        must_keep: keep.into_iter().map(str::to_owned).collect(),
    }
}

/// Every context once, for one format.
pub(crate) fn all(format: &Format, rng: &mut Rng) -> Vec<Case> {
    let bare = if format.is_bare() { &BARE[..] } else { &[] };
    NAMED
        .iter()
        .chain(bare)
        .map(|(name, context)| {
            let value = format.value(rng);
            build(format, &value, name, *context, rng)
        })
        .collect()
}

/// A secret of a k8s manifest, in base 64.
pub(crate) fn encoded(value: &str) -> String {
    base64(value.as_bytes(), false)
}

//! Secrets whose context is part of what they are.

use super::{Case, Rng, base64, expand};

type Make = fn(&mut Rng) -> (String, Vec<String>, Vec<&'static str>);

fn one(template: &str, secret: &str, rng: &mut Rng) -> (String, Vec<String>) {
    let value = expand(secret, rng);
    (template.replace("@@", &value), vec![value])
}

macro_rules! line {
    ($template:expr, $secret:expr, [$($keep:expr),*]) => {
        |rng| {
            let (text, secrets) = one($template, $secret, rng);
            (text, secrets, vec![$($keep),*])
        }
    };
}

fn pem_body(rng: &mut Rng, lines: usize) -> Vec<String> {
    let mut body: Vec<String> = (0..lines).map(|_| expand("{b:64}", rng)).collect();
    body[0] = "MIIEowIBAAKCAQEA".to_owned() + &expand("{b:48}", rng);
    body.push(expand("{b:41}=", rng));
    body
}

fn pem(
    rng: &mut Rng,
    label: &str,
    join: &str,
    before: &str,
    after: &str,
    end: bool,
) -> (String, Vec<String>, Vec<&'static str>) {
    let lines = 8 + rng.below(20);
    let body = pem_body(rng, lines);
    let mut text = format!("{before}-----BEGIN {label}-----{join}{}", body.join(join));
    if end {
        text += &format!("{join}-----END {label}-----");
    }
    (text + after, body, vec![])
}

const SPECIAL: [(&str, &str, Make); 82] = [
    ("private_key", "pem_rsa", |r| pem(r, "RSA PRIVATE KEY", "\n", "old key\n", "\nnew key follows\n", true)),
    ("private_key", "pem_pkcs8", |r| pem(r, "PRIVATE KEY", "\n", "", "\n", true)),
    ("private_key", "pem_ec", |r| pem(r, "EC PRIVATE KEY", "\n", "", "\n", true)),
    ("private_key", "pem_openssh", |r| pem(r, "OPENSSH PRIVATE KEY", "\n", "cat id\n", "\n$ ", true)),
    ("private_key", "pem_enc", |r| pem(r, "ENCRYPTED PRIVATE KEY", "\n", "", "\n", true)),
    ("private_key", "pgp", |r| pem(r, "PGP PRIVATE KEY BLOCK", "\n", "", "\n", true)),
    ("private_key", "pem_cut", |r| pem(r, "RSA PRIVATE KEY", "\n", "log:\n", "", false)),
    ("private_key", "pem_cut_text", |r| {
        pem(r, "RSA PRIVATE KEY", "\n", "", "\n\nnew keys follow tomorrow, says Ann\n", false)
    }),
    ("private_key", "pem_json", |r| {
        pem(r, "PRIVATE KEY", "\\n", "{\"private_key\": \"", "\\n\", \"n\": 3}", true)
    }),
    ("private_key", "pem_json_cut", |r| {
        pem(r, "PRIVATE KEY", "\\n", "{\"private_key\": \"", "\", \"n\": 3}", false)
    }),
    ("private_key", "pem_json2", |r| {
        pem(r, "PRIVATE KEY", "\\\\n", "{\"a\":\"{\\\"k\\\":\\\"", "\\\"}\",\"n\": 3}", true)
    }),
    ("private_key", "pem_indent", |r| {
        pem(r, "RSA PRIVATE KEY", "\n      ", "key: |\n      ", "\nnext: 1\n", true)
    }),
    ("private_key", "pem_diff", |r| pem(r, "RSA PRIVATE KEY", "\n+", "+++ b/k\n+", "\n context\n", true)),
    ("private_key", "pem_diff_minus", |r| {
        pem(r, "RSA PRIVATE KEY", "\n-", "--- a/k\n-", "\n context\n", true)
    }),
    ("private_key", "pem_quote", |r| pem(r, "EC PRIVATE KEY", "\n> ", "> ", "\nthanks", true)),
    ("private_key", "pem_concat", |r| pem(r, "RSA PRIVATE KEY", "\\n\" +\n  \"", "k = \"", "\";\n", true)),
    ("private_key", "pem_spaces", |r| pem(r, "RSA PRIVATE KEY", " ", "KEY=\"", "\"\nB=1", true)),
    ("private_key", "pem_crlf", |r| pem(r, "RSA PRIVATE KEY", "\r\n", "", "\r\nx", true)),
    ("private_key", "pem_headless", |r| {
        let body = pem_body(r, 12);
        (format!("...\n{}\n-----END RSA PRIVATE KEY-----\nbye", body.join("\n")), body, vec!["bye"])
    }),
    ("private_key", "pem_headers", |r| {
        let body = pem_body(r, 12);
        (
            format!(
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{}\n\n{}\n-----END RSA PRIVATE KEY-----\nbye",
                expand("{H:32}", r),
                body.join("\n")
            ),
            body,
            vec!["bye"],
        )
    }),
    ("private_key", "putty", |r| {
        let body = pem_body(r, 12);
        (
            format!(
                "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPrivate-Lines: 13\n{}\nPrivate-MAC: {}\n",
                body.join("\n"),
                expand("{h:40}", r)
            ),
            body,
            vec!["ssh-rsa"],
        )
    }),
    ("private_key", "pem_base64", |r| {
        let body = pem_body(r, 6).join("\n");
        let whole = base64(
            format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n").as_bytes(),
            false,
        );
        (format!("data:\n  tls.key: {whole}\n  x: y\n"), vec![whole], vec!["x: y"])
    }),
    (
        "private_key",
        "jwk",
        line!(
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"abc\",\"d\":\"@@\"}",
            "{w:43}",
            ["\"crv\":\"P-256\""]
        ),
    ),
    (
        "db_url",
        "postgres",
        line!("dsn postgres://svc:@@@db.example:5432/app ok", "{m:16}", ["@db.example:5432/app ok"]),
    ),
    (
        "db_url",
        "mysql",
        line!("DATABASE_URL=mysql://root:@@@127.0.0.1/shop?x=1", "{m:12}", ["@127.0.0.1/shop?x=1"]),
    ),
    (
        "db_url",
        "mongodb",
        line!(
            "{\"uri\":\"mongodb+srv://app:@@@cluster0.ab1cd.mongodb.net/x?retryWrites=true\"}",
            "{m:14}",
            ["@cluster0.ab1cd.mongodb.net"]
        ),
    ),
    ("db_url", "redis", line!("redis://:@@@cache:6379/0", "{m:18}", ["@cache:6379/0"])),
    ("db_url", "amqp", line!("url: amqps://mq:@@@mq.example//vhost", "{weak}", ["@mq.example"])),
    ("db_url", "url_symbols", line!("postgresql://u:@@@h:5432/d", "{m:5}%40{m:4}%21", ["@h:5432/d"])),
    (
        "db_url",
        "jdbc",
        line!("jdbc:postgresql://h:5432/d?user=app&password=@@&ssl=true", "{m:14}", ["&ssl=true"]),
    ),
    (
        "db_url",
        "jdbc_oracle",
        line!(
            "jdbc:sqlserver://h:1433;databaseName=d;user=sa;password=@@;encrypt=true",
            "{p:14}",
            [";encrypt=true"]
        ),
    ),
    (
        "db_url",
        "odbc",
        line!("Server=tcp:h,1433;User ID=sa;Password=@@;Encrypt=True;", "{p:16}", [";Encrypt=True;"]),
    ),
    ("db_url", "odbc_pwd", line!("Driver={x};Server=h;Uid=sa;Pwd=@@;", "{m:12}", ["Uid=sa"])),
    ("db_url", "libpq", line!("psql \"host=h user=app password=@@ dbname=d\"", "{m:12}", ["dbname=d"])),
    (
        "db_url",
        "azure_conn",
        line!(
            "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=@@;EndpointSuffix=core.windows.net",
            "{b:86}==",
            [";EndpointSuffix=core.windows.net"]
        ),
    ),
    (
        "db_url",
        "servicebus",
        line!(
            "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=@@",
            "{b:43}=",
            ["SharedAccessKeyName=Root"]
        ),
    ),
    (
        "db_url",
        "git_url",
        line!("git clone https://oauth2:@@@git.example/a/b.git", "{a:20}", ["@git.example/a/b.git"]),
    ),
    ("db_url", "token_url", line!("remote: https://@@@git.example/a.git", "{h:40}", ["@git.example/a.git"])),
    ("db_url", "ftp", line!("ftp://joe:@@@ftp.example/in", "{weak}", ["@ftp.example/in"])),
    (
        "db_url",
        "smtp",
        line!("SMTP_URL=smtps://mail%40x.example:@@@smtp.example:465", "{m:12}", ["@smtp.example:465"]),
    ),
    ("db_url", "proxy", line!("https_proxy=http://ops:@@@10.0.0.1:3128", "{p:10}", ["@10.0.0.1:3128"])),
    (
        "db_url",
        "sas",
        line!(
            "https://x.blob.core.windows.net/c?sv=2022-11-02&se=2030-01-01&sp=r&sig=@@",
            "{a:40}%3D",
            ["&sp=r"]
        ),
    ),
    ("http_auth", "basic", |r| {
        let value = base64(format!("ops:{}", expand("{p:12}", r)).as_bytes(), false);
        (format!("Authorization: Basic {value}\nAccept: a/b"), vec![value], vec!["Accept: a/b"])
    }),
    ("http_auth", "basic_curl", |r| {
        let value = base64(format!("svc:{}", expand("{m:16}", r)).as_bytes(), false);
        (
            format!("curl -H \"authorization: basic {value}\" https://x.example"),
            vec![value],
            vec!["https://x.example"],
        )
    }),
    (
        "http_auth",
        "bearer_opaque",
        line!("{\"headers\":{\"Authorization\":\"Bearer @@\"},\"n\":1}", "{w:40}", ["\"n\":1"]),
    ),
    ("http_auth", "bearer_hex", line!("Authorization: Bearer @@\r\nHost: a", "{h:40}", ["Host: a"])),
    ("http_auth", "token_scheme", line!("Authorization: Token @@\nHost: a", "{h:40}", ["Host: a"])),
    ("http_auth", "raw_auth", line!("authorization: @@\nhost: a", "{a:36}", ["host: a"])),
    ("http_auth", "apikey_scheme", line!("Authorization: ApiKey @@\nhost: a", "{b:50}==", ["host: a"])),
    (
        "http_auth",
        "private_token",
        line!("curl --header \"PRIVATE-TOKEN: @@\" https://g.example", "{a:20}", ["https://g.example"]),
    ),
    (
        "config_file",
        "netrc",
        line!(
            "machine a.example login ops password @@\nmachine b",
            "{m:12}",
            ["machine a.example login ops"]
        ),
    ),
    (
        "config_file",
        "netrc_lines",
        line!("machine a.example\n  login ops\n  password @@\n", "{weak}", ["login ops"]),
    ),
    ("config_file", "pgpass", line!("db.example:5432:app:ops:@@\n", "{m:14}", ["db.example:5432:app:ops:"])),
    (
        "config_file",
        "npmrc",
        line!("//registry.npmjs.org/:_authToken=@@\nloglevel=warn", "{uuid}", ["loglevel=warn"]),
    ),
    ("config_file", "npmrc_auth", line!("_auth = @@\nemail=a@b.example", "{b:40}==", ["email=a@b.example"])),
    ("config_file", "pypirc", line!("[pypi]\nusername = ops\npassword = @@\n", "{m:14}", ["username = ops"])),
    ("config_file", "docker_auth", |r| {
        let value = base64(format!("ops:{}", expand("{m:20}", r)).as_bytes(), false);
        (format!("{{\"auths\":{{\"r.example\":{{\"auth\":\"{value}\"}}}}}}"), vec![value], vec!["r.example"])
    }),
    (
        "config_file",
        "kubeconfig",
        line!("users:\n- name: a\n  user:\n    token: @@\n", "{l:16}.{a:40}", ["- name: a"]),
    ),
    ("config_file", "k8s_data", |r| {
        let value = base64(expand("{m:16}", r).as_bytes(), false);
        (format!("kind: Secret\ndata:\n  password: {value}\n  user: b3Bz\n"), vec![value], vec!["user: b3Bz"])
    }),
    ("config_file", "git_credentials", line!("https://ops:@@@github.com\n", "{a:30}", ["@github.com"])),
    (
        "config_file",
        "maven",
        line!(
            "<server><id>r</id><username>ops</username><password>@@</password></server>",
            "{m:12}",
            ["<username>ops</username>"]
        ),
    ),
    ("config_file", "mycnf", line!("[client]\nuser=root\npassword=\"@@\"\n", "{p:12}", ["user=root"])),
    ("config_file", "redis_conf", line!("port 6379\nrequirepass @@\n", "{m:20}", ["port 6379"])),
    ("config_file", "wpa", line!("network={\n  ssid=\"home\"\n  psk=\"@@\"\n}", "{m:12}", ["ssid=\"home\""])),
    (
        "config_file",
        "wg",
        line!("[Interface]\nPrivateKey = @@\nListenPort = 51820", "{b:43}=", ["ListenPort = 51820"]),
    ),
    ("cli", "curl_u", line!("curl -s -u ops:@@ https://a.example/x", "{m:12}", ["https://a.example/x"])),
    (
        "cli",
        "curl_user",
        line!("curl --user 'ops:@@' https://a.example/x", "{p:12}", ["https://a.example/x"]),
    ),
    ("cli", "mysql", line!("mysql -u root -p@@ -h db shop", "{m:14}", ["-h db shop"])),
    ("cli", "sshpass", line!("sshpass -p '@@' ssh ops@h uptime", "{p:12}", ["ssh ops@h uptime"])),
    ("cli", "redis_cli", line!("redis-cli -h c -a @@ ping", "{m:20}", ["ping"])),
    ("cli", "docker_login", line!("docker login -u ops -p @@ r.example", "{m:20}", ["r.example"])),
    ("cli", "openssl", line!("openssl rsa -in k.pem -passin pass:@@ -out o", "{m:12}", ["-out o"])),
    ("cli", "pgpassword", line!("PGPASSWORD=@@ psql -h db app", "{m:12}", ["psql -h db app"])),
    ("cli", "sql_identified", line!("CREATE USER 'a'@'%' IDENTIFIED BY '@@';", "{m:12}", ["CREATE USER"])),
    ("cli", "sql_role", line!("ALTER ROLE app WITH PASSWORD '@@' LOGIN;", "{m:12}", ["LOGIN;"])),
    ("cli", "mongosh", line!("mongosh h/db -u ops -p @@ --quiet", "{m:12}", ["--quiet"])),
    ("cli", "ldap", line!("ldapsearch -D cn=admin -w @@ -b dc=x", "{m:12}", ["-b dc=x"])),
    ("cli", "keytool", line!("keytool -list -keystore a.jks -storepass @@ -v", "{m:12}", ["-v"])),
    ("session", "cookie", line!("Cookie: lang=de; sessionid=@@; seen=1", "{h:32}", ["lang=de", "seen=1"])),
    (
        "session",
        "set_cookie",
        line!("Set-Cookie: connect.sid=s%3A@@; Path=/; HttpOnly", "{w:60}", ["Path=/"]),
    ),
    ("otp", "otpauth", line!("otpauth://totp/a:ops?secret=@@&issuer=a", "{2:32}", ["issuer=a"])),
    ("otp", "prose", line!("the 2FA secret is @@ for both", "{2:26}234567", ["for both"])),
];

const PROSE: [(&str, &str, &str); 34] = [
    ("My password is @@ by the way", "{p:12}", "by the way"),
    ("pw: @@", "{m:10}", "pw"),
    ("the pw for the box: @@", "{p:14}", "for the box"),
    ("pass: @@", "{m:12}", "pass"),
    ("Use password @@ to log in", "{p:12}", "to log in"),
    ("login with admin / @@", "{p:12}", "login with"),
    ("user: admin, password: @@, port 22", "{m:12}", "port 22"),
    ("username=admin password=@@ host=h", "{weak}", "host=h"),
    ("I set the root password to @@ yesterday", "{p:12}", "yesterday"),
    ("The password was changed to @@ today.", "{p:12}", "today."),
    ("passwd → @@", "{m:12}", "passwd"),
    ("password - @@", "{p:12}", "password"),
    ("credentials: ops:@@", "{p:12}", "ops"),
    ("creds are ops / @@ as usual", "{p:12}", "as usual"),
    ("Zugangsdaten: Passwort: @@ bitte ändern", "{p:12}", "bitte ändern"),
    ("le mot de passe est @@ pour tous", "{p:12}", "pour tous"),
    ("la contraseña es @@ ahora", "{p:12}", "ahora"),
    ("密码：@@，用户名 root", "{m:12}", "用户名 root"),
    ("密码是@@。", "{m:12}", "密码是"),
    ("パスワードは@@です", "{m:12}", "です"),
    ("пароль: @@ для всех", "{m:12}", "для всех"),
    ("db password (staging): @@", "{p:12}", "(staging)"),
    ("Password for admin is @@, change it", "{p:12}", "change it"),
    ("`@@` is the admin password", "{p:12}", "is the admin password"),
    ("the passphrase of the key is \"@@\" ok?", "{p:16}", "ok?"),
    ("WiFi password: @@", "{weak}", "WiFi"),
    ("temporary pw is @@ until Monday", "{weak}", "until Monday"),
    ("just ssh root@h with password @@", "{p:12}", "just ssh root@h"),
    ("password=@@", "{m:8}", "password="),
    ("Here is the API key: @@ thanks", "{a:32}", "thanks"),
    ("our token is @@ now", "{a:32}", "now"),
    ("I used the key @@ for the call", "{a:36}", "for the call"),
    ("secret = @@", "{w:32}", "secret"),
    ("The bearer token: @@\nworks", "{w:40}", "works"),
];

pub(crate) fn cases(rng: &mut Rng, each: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (category, format, make) in SPECIAL {
        for _ in 0..each {
            let (text, secrets, keep) = make(rng);
            cases.push(case(category, format, text, secrets, keep.iter().map(|k| (*k).to_owned()).collect()));
        }
    }
    for (index, (template, secret, keep)) in PROSE.iter().enumerate() {
        for _ in 0..each {
            let (text, secrets) = one(template, secret, rng);
            cases.push(case(
                "prose_password",
                &format!("prose_{index}"),
                text,
                secrets,
                vec![(*keep).to_owned()],
            ));
        }
    }
    cases
}

fn case(category: &str, format: &str, text: String, secrets: Vec<String>, must_keep: Vec<String>) -> Case {
    Case {
        tier: "core",
        category: category.into(),
        format: format.into(),
        context: format.into(),
        text,
        secrets,
        must_keep,
    }
}

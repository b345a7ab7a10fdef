use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use insta::assert_snapshot;

use super::*;
use crate::install::client::{Launch, Places};
use crate::install::merge::{changes, fresh};
use crate::install::plan::spot;

fn launch() -> Launch {
    let variables = BTreeMap::from([("BRIDGED_SOCKET".to_owned(), "/s".to_owned())]);
    Launch { program: "/b/bridge-shim".to_owned(), agent: Some("rev".to_owned()), variables }
}

/// The file that a client without one gets.
fn written(id: &str) -> String {
    let client = by_id(id).unwrap();
    spot(client).change("", &fresh(&(client.entry)(&launch()))).unwrap()
}

fn places(variables: &'static [(&str, &str)]) -> Places {
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
    Places::from_lookup(move |name| find(name).map(|(_, value)| OsString::from(value))).unwrap()
}

#[test]
fn claude() {
    assert_snapshot!(written("claude"), @r#"
    {
      "mcpServers": {
        "bridge": {
          "type": "stdio",
          "command": "/b/bridge-shim",
          "args": ["--agent", "rev"],
          "env": {
            "BRIDGED_SOCKET": "/s"
          },
          "timeout": 600000
        }
      }
    }
    "#);
}

#[test]
fn codex() {
    assert_snapshot!(written("codex"), @r#"
    [mcp_servers.bridge]
    command = "/b/bridge-shim"
    args = ["--agent", "rev"]
    env = { BRIDGED_SOCKET = "/s" }
    tool_timeout_sec = 600
    "#);
}

#[test]
fn gemini_and_qwen() {
    assert_snapshot!(written("gemini"), @r#"
    {
      "mcpServers": {
        "bridge": {
          "command": "/b/bridge-shim",
          "args": ["--agent", "rev"],
          "env": {
            "BRIDGED_SOCKET": "/s"
          },
          "timeout": 600000
        }
      }
    }
    "#);
    assert_eq!(written("qwen"), written("gemini"));
}

#[test]
fn opencode() {
    assert_snapshot!(written("opencode"), @r#"
    {
      "mcp": {
        "bridge": {
          "type": "local",
          "command": ["/b/bridge-shim", "--agent", "rev"],
          "environment": {
            "BRIDGED_SOCKET": "/s"
          },
          "enabled": true,
          "timeout": 600000
        }
      }
    }
    "#);
}

#[test]
fn cline() {
    assert_snapshot!(written("cline"), @r#"
    {
      "mcpServers": {
        "bridge": {
          "command": "/b/bridge-shim",
          "args": ["--agent", "rev"],
          "env": {
            "BRIDGED_SOCKET": "/s"
          },
          "timeout": 600,
          "disabled": false
        }
      }
    }
    "#);
}

#[test]
fn copilot() {
    assert_snapshot!(written("copilot"), @r#"
    {
      "mcpServers": {
        "bridge": {
          "type": "local",
          "command": "/b/bridge-shim",
          "args": ["--agent", "rev"],
          "env": {
            "BRIDGED_SOCKET": "/s"
          },
          "tools": ["*"],
          "timeout": 600000
        }
      }
    }
    "#);
}

#[test]
fn cursor() {
    assert_snapshot!(written("cursor"), @r#"
    {
      "mcpServers": {
        "bridge": {
          "type": "stdio",
          "command": "/b/bridge-shim",
          "args": ["--agent", "rev"],
          "env": {
            "BRIDGED_SOCKET": "/s"
          }
        }
      }
    }
    "#);
}

#[test]
fn vscode() {
    assert_snapshot!(written("vscode"), @r#"
    {
      "servers": {
        "bridge": {
          "type": "stdio",
          "command": "/b/bridge-shim",
          "args": ["--agent", "rev"],
          "env": {
            "BRIDGED_SOCKET": "/s"
          }
        }
      }
    }
    "#);
}

#[test]
fn every_entry_is_as_wanted_once_written() {
    for client in CLIENTS {
        let entry = spot(client).read(&written(client.id)).unwrap().unwrap();
        assert_eq!(changes(entry.as_object().unwrap(), &(client.entry)(&launch())), [], "{}", client.id);
    }
}

#[test]
fn files_are_below_the_home_or_where_variables_say() {
    let file = |id: &str, places: &Places| (by_id(id).unwrap().user_file)(places);
    let plain = places(&[("HOME", "/h")]);
    for (id, path) in [
        ("claude", "/h/.claude.json"),
        ("codex", "/h/.codex/config.toml"),
        ("gemini", "/h/.gemini/settings.json"),
        ("opencode", "/h/.config/opencode/opencode.jsonc"),
        ("qwen", "/h/.qwen/settings.json"),
        ("cline", "/h/.cline/data/settings/cline_mcp_settings.json"),
        ("copilot", "/h/.copilot/mcp-config.json"),
        ("cursor", "/h/.cursor/mcp.json"),
    ] {
        assert_eq!(file(id, &plain), Path::new(path), "{id}");
    }
    let moved = places(&[
        ("HOME", "/h"),
        ("XDG_CONFIG_HOME", "/x"),
        ("CLAUDE_CONFIG_DIR", "/c"),
        ("CODEX_HOME", "/d"),
        ("GEMINI_CLI_HOME", "/g"),
        ("QWEN_HOME", "/q"),
        ("CLINE_DATA_DIR", "/l"),
        ("COPILOT_HOME", "relative"),
    ]);
    for (id, path) in [
        ("claude", "/c/.claude.json"),
        ("codex", "/d/config.toml"),
        ("gemini", "/g/.gemini/settings.json"),
        ("opencode", "/x/opencode/opencode.jsonc"),
        ("qwen", "/q/settings.json"),
        ("cline", "/l/settings/cline_mcp_settings.json"),
        ("copilot", "/h/.copilot/mcp-config.json"),
    ] {
        assert_eq!(file(id, &moved), Path::new(path), "{id}");
    }
}

#[test]
fn files_that_exist_win() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().to_owned();
    let places =
        Places::from_lookup(move |name| (name == "HOME").then(|| root.clone().into_os_string())).unwrap();
    assert!(CLIENTS.iter().all(|client| !client.is_found(&places)));
    let below = |path: &str| home.path().join(path);
    for file in [".claude/.config.json", ".config/opencode/opencode.json", "p/.opencode/opencode.json"] {
        std::fs::create_dir_all(below(file).parent().unwrap()).unwrap();
        std::fs::write(below(file), "{}").unwrap();
    }
    let user_file = |id: &str| (by_id(id).unwrap().user_file)(&places);
    assert_eq!(user_file("claude"), below(".claude/.config.json"));
    assert_eq!(user_file("opencode"), below(".config/opencode/opencode.json"));
    let project_file = by_id("opencode").unwrap().project_file.unwrap();
    assert_eq!(project_file(&below("p")), below("p/.opencode/opencode.json"));
    let found: Vec<_> = CLIENTS.iter().filter(|client| client.is_found(&places)).map(|c| c.id).collect();
    assert_eq!(found, ["claude", "opencode"]);
}

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::client::{Client, Launch};
use super::clients::CLIENTS;
use super::edit::tests::document;
use super::report::Action;
use super::state::State;
use super::{apply, plan, undo};

fn launch(agent: Option<&str>) -> Launch {
    Launch {
        program: "/b/bridge-shim".to_owned(),
        agent: agent.map(str::to_owned),
        variables: [("BRIDGED_SOCKET".to_owned(), "/s".to_owned())].into(),
    }
}

/// Installs; answers what that did.
fn install(client: &'static Client, file: &Path, agent: Option<&str>, state: &mut State) -> Action {
    let plan = plan::plan(client, file, false, &launch(agent), false).unwrap();
    if plan.action != Action::Unchanged {
        apply::install(&plan, state).unwrap();
    }
    plan.action
}

fn toml() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("# mine"),
        Just(""),
        Just("[a]"),
        Just("[mcp_servers.x]"),
        Just("[[list]]"),
        Just("k = 'v' # c"),
        Just("l = [ 1,\n  2 ]"),
    ];
    (prop::collection::vec(line, 0..8), any::<bool>(), any::<bool>()).prop_map(|(lines, crlf, end)| {
        let text = lines.join("\n") + if end { "\n" } else { "" };
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn uninstall_brings_back_every_byte(
        which in 0..CLIENTS.len(), json in document(), toml in toml(), exists in any::<bool>(), renamed in any::<bool>(),
    ) {
        let client = CLIENTS[which];
        let text = if client.format == super::client::Format::Toml { toml } else { json };
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("deep/er/config");
        if exists {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &text).unwrap();
        }
        let mut state = State::open(&home.path().join("state")).unwrap();
        // The same key twice, say, is refused; that is another test's.
        prop_assume!(!exists || plan::plan(client, &file, false, &launch(None), false).is_ok());
        prop_assert_eq!(install(client, &file, None, &mut state), Action::Added);
        if renamed {
            prop_assert_eq!(install(client, &file, Some("rev"), &mut state), Action::Updated);
        }
        prop_assert_eq!(install(client, &file, None, &mut state), Action::Unchanged);
        let plan = undo::plan(client, &file, false, &state).unwrap();
        undo::uninstall(&plan, &mut state).unwrap();
        state.close().unwrap();
        if exists {
            prop_assert_eq!(fs::read_to_string(&file).unwrap(), text);
            fs::remove_dir_all(home.path().join("deep")).unwrap();
        }
        prop_assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}

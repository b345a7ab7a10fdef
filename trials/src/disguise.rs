//! A build with failpoints is `bridged`, `bridge-shim` and `bridgectl` too, under whichever of these names it is run: so
//! the real programs with failpoints never lie where those without are looked for.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// The program of the name that this process was started under; `None` when that is its own.
pub(crate) fn act() -> Option<ExitCode> {
    let name = std::env::args_os().next()?;
    let name = PathBuf::from(name).file_name()?.to_str()?.to_owned();
    let program = match &*name {
        "bridged" => bridge_daemon::main,
        "bridge-shim" => bridge_shim_relay::run,
        "bridgectl" => bridge_admin::main,
        _ => return None,
    };
    let _in_force = bridge_failpoints::arm();
    // A sandboxed command begins as another run of this binary.
    bridge_guard::sandbox::child_main();
    Some(program())
}

/// A directory with this program under all of its names, beside it.
pub(crate) fn wardrobe() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let directory = own.with_extension("programs");
    fs::create_dir_all(&directory)?;
    for name in ["bridged", "bridge-shim", "bridgectl"] {
        let link = directory.join(name);
        // What an earlier build left, or nothing.
        fs::remove_file(&link).ok();
        fs::hard_link(&own, &link)?;
    }
    Ok(directory)
}

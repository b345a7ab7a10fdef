//! A user's additions to the policy.

use std::path::Path;

use toml::Spanned;

use super::source::{BuiltinSource, CommandSource, ExtendSource, UserSource};
use super::{Effective, PolicyError};
use crate::mode::Mode;

/// Variables that decide which code a program loads.
const LOADING: [&str; 10] =
    ["LD_", "DYLD_", "BASH_ENV", "ENV", "PATH", "HOME", "IFS", "SHELLOPTS", "PYTHONSTARTUP", "NODE_OPTIONS"];

/// The built-in policy with what the text adds.
///
/// # Errors
/// [`PolicyError`] naming the file and the line.
pub(crate) fn merge(
    mut builtin: BuiltinSource,
    text: &str,
    path: &Path,
) -> Result<BuiltinSource, PolicyError> {
    let at = |offset: usize, what: &str| {
        let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
        PolicyError(format!("{}, line {line}: {what}", path.display()))
    };
    let user: UserSource = toml::from_str(text)
        .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message()))?;
    let policy = Effective::compile(builtin.clone())?;
    for (names, source) in &user.program {
        let error = |what: String| at(source.span().start, &format!("program {names}: {what}"));
        names.split_whitespace().try_for_each(|name| check_new(&policy, name)).map_err(error)?;
        check_source(source.get_ref()).map_err(error)?;
        if names.split_whitespace().any(|name| has_program(&builtin, name)) {
            return Err(error("is there twice; keep one".to_owned()));
        }
        builtin.program.insert(names.clone(), source.get_ref().clone());
        Effective::compile(builtin.clone()).map_err(|PolicyError(what)| error(what))?;
    }
    for (name, source) in &user.extend {
        let error = |what: String| at(source.span().start, &format!("extend {name}: {what}"));
        extend(&mut builtin, name, source).map_err(error)?;
        Effective::compile(builtin.clone()).map_err(|PolicyError(what)| error(what))?;
    }
    builtin.paths.protected.extend(user.paths.protected.iter().map(|name| name.to_lowercase()));
    for readable in user.paths.readable {
        let wide = readable.get_ref().components().count() < 3 || !readable.get_ref().is_absolute();
        if wide || readable.get_ref().components().any(|part| part.as_os_str() == "..") {
            let what = "paths.readable: not an absolute path at least two names deep; name a narrower one";
            return Err(at(readable.span().start, what));
        }
        builtin.paths.readable.push(readable.into_inner());
    }
    Ok(builtin)
}

fn has_program(source: &BuiltinSource, name: &str) -> bool {
    source.program.keys().any(|names| names.split_whitespace().any(|known| known == name))
}

fn check_new(policy: &Effective, name: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.+-".contains(&b);
    if !name.bytes().all(plain) || name.starts_with(['-', '.']) {
        return Err("is not the bare name of a program".to_owned());
    }
    if policy.programs.contains_key(name) {
        return Err(format!("is part of the built-in policy; add options with [extend.{name:?}]"));
    }
    if let Some(reason) = policy.refused(name) {
        return Err(format!("cannot be allowed: {reason}"));
    }
    if policy.source.disasters.names(name) {
        return Err("cannot be allowed: it is on the list of disasters".to_owned());
    }
    Ok(())
}

fn check_source(source: &CommandSource) -> Result<(), String> {
    let loads = |name: &String| {
        LOADING.iter().any(|known| name == known || (known.ends_with('_') && name.starts_with(known)))
    };
    if let Some(name) = source.environment.keys().find(|name| loads(name)) {
        return Err(format!("the variable {name} decides which code runs; it cannot be set"));
    }
    source.sub.values().try_for_each(check_source)
}

/// Adds options to what is there.
fn extend(policy: &mut BuiltinSource, name: &str, source: &Spanned<ExtendSource>) -> Result<(), String> {
    let mut parts = name.split_whitespace();
    let unknown = || "names no program of the policy; add one with [program]".to_owned();
    let first = parts.next().ok_or_else(unknown)?;
    let names = |key: &String, name: &str| key.split_whitespace().any(|known| known == name);
    let mut command = policy
        .program
        .iter_mut()
        .find(|(key, _)| names(key, first))
        .map(|(_, command)| command)
        .ok_or_else(unknown)?;
    let mut path = parts.collect::<Vec<_>>();
    path.reverse();
    while let Some(part) = path.pop() {
        let found = command.sub.iter_mut().find(|(key, _)| names(key, part));
        command = found.map(|(_, command)| command).ok_or_else(unknown)?;
    }
    let ExtendSource { options, restricted } = source.get_ref();
    for (list, added) in [(&mut command.options, options), (&mut command.restricted, restricted)] {
        list.push(' ');
        list.push_str(added);
    }
    if command.mode == Some(Mode::Restricted) && !restricted.is_empty() {
        return Err("is a program of restricted anyway; put its options under `options`".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::policy::{Command, Policy, rule};
    use crate::{Mode, Refusal};

    fn judge(text: &str, line: &str) -> Result<(), Refusal> {
        let policy = Policy::with_user(text, "user.toml".as_ref()).unwrap();
        let workspace = tempfile::tempdir().unwrap();
        policy.judge(Mode::Restricted, &Command::Line(line.to_owned()), workspace.path()).map(drop)
    }

    #[test]
    fn programs_and_options_are_added() {
        let text = "[program.frobnicate]\nmode = 'safe'\noptions = '-v'\noperands = 'path*'\n[extend.ls]\noptions = '--frob'\n[extend.\"git log\"]\noptions = '--frob'\n";
        assert_eq!(judge(text, "frobnicate -v .").unwrap_err().rule, rule::NOT_INSTALLED);
        assert_eq!(judge(text, "frobnicate -x").unwrap_err().rule, rule::OPTION);
        judge(text, "ls --frob").unwrap();
        assert_ne!(
            Policy::builtin().unwrap().fingerprint(),
            Policy::with_user(text, "u".as_ref()).unwrap().fingerprint()
        );
        assert_eq!(
            Policy::builtin().unwrap().fingerprint(),
            Policy::with_user("", "u".as_ref()).unwrap().fingerprint()
        );
    }

    #[test]
    fn mistakes_name_the_line() {
        for (text, line, part) in [
            ("\n[program.sudo]\nmode='safe'", 2, "cannot be allowed"),
            ("[program.doas]\nmode='safe'", 1, "cannot be allowed"),
            ("[program.bash]\nmode='safe'", 1, "cannot be allowed"),
            ("[program.'perl5.36']\nmode='safe'", 1, "cannot be allowed"),
            ("[program.'mkfs.ext4']\nmode='safe'", 1, "cannot be allowed"),
            ("[program.ls]\nmode='safe'", 1, "built-in"),
            ("[program.'x ls']\nmode='safe'", 1, "built-in"),
            ("[program.'./x']\nmode='safe'", 1, "bare name"),
            ("[program.x]\nmode='safe'\n\n[program.x]\nmode='safe'", 4, "duplicate"),
            ("[program.'x y']\nmode='safe'\n[program.'y z']\nmode='safe'", 3, "twice"),
            ("[program.x]\nmode='safe'\nwhat=1", 3, "what"),
            ("[program.x]\nmode='safe'\noptions='-a -a'", 1, "twice"),
            ("[program.x]\nmode='yolo'", 1, "yolo"),
            ("[program.x]\nmode='safe'\nenvironment={LD_PRELOAD='x'}", 1, "LD_PRELOAD"),
            ("\n\n[extend.find]\noptions='-exec'", 3, "never"),
            ("[extend.ls]\noptions='-l'", 1, "twice"),
            ("[extend.nope]\noptions='-l'", 1, "names no program"),
            ("[extend.'git push']\noptions='-l'", 1, "names no program"),
            ("[paths]\nreadable=['/']", 2, "narrower"),
            ("[refused]\n", 1, "refused"),
        ] {
            let error = Policy::with_user(text, "user.toml".as_ref()).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("user.toml, line {line}: ")) && error.contains(part),
                "{text}: {error}"
            );
        }
    }
}

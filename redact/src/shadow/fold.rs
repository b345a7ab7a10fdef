//! Characters that look like ASCII, and characters that do not show.

/// Whether a reader sees nothing of `character`.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e01ef}'
        | '\u{300}'..='\u{36f}')
}

/// Cyrillic, Greek and other letters, each before the ASCII letter it looks like.
const LOOK_ALIKES: &str = "\
    аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwҽeӏlѵvгrкkмmтtвbнhпnʏyиuзz\
    АAВBЕEКKМMНHОOРPСCТTХXУYЅSІIЈJЗ3ҮYԌGԚQԜWҺH\
    αaβbεeηnιiκkνvοoρpτtυuχxγyωwΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXσo\
    ıiɩiɡgɑaʟLɴNʀRɪIʙBɢGʜHⅰiⅴvⅹxⅼlⅽcⅾdⅿmℓl℮eⅠIⅤVⅩXⅬLⅭCⅮDⅯM\
    ‐-‑-‒-–-—-―-−-﹣-﹘-․.․.∶:꞉:ː:⁄/∕/ꓸ.";

/// The ASCII character that `character` is drawn like.
pub(super) fn look_alike(character: char) -> Option<char> {
    let code = u32::from(character);
    match code {
        0..=0x7f => None,
        // Full-width forms.
        0xff01..=0xff5e => char::from_u32(code - 0xff01 + 0x21),
        0x3000 | 0xa0 | 0x2000..=0x200a | 0x202f | 0x205f => Some(' '),
        // Mathematical alphabets: bold, italic, script, … each with 26 upper and 26 lower.
        0x1d400..=0x1d6a3 => {
            let place = (code - 0x1d400) % 52;
            char::from_u32(if place < 26 { 0x41 + place } else { 0x61 + place - 26 })
        }
        0x1d7ce..=0x1d7ff => char::from_u32(0x30 + (code - 0x1d7ce) % 10),
        // Circled and parenthesised letters.
        0x24b6..=0x24cf => char::from_u32(code - 0x24b6 + 0x41),
        0x24d0..=0x24e9 => char::from_u32(code - 0x24d0 + 0x61),
        0x2460..=0x2468 => char::from_u32(code - 0x2460 + 0x31),
        // Tags, the invisible copy of ASCII.
        0xe0021..=0xe007e => char::from_u32(code - 0xe0000),
        _ => {
            let mut pairs = LOOK_ALIKES.chars();
            std::iter::from_fn(|| Some((pairs.next()?, pairs.next()?)))
                .find(|(looks, _)| *looks == character)
                .map(|(_, ascii)| ascii)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_come_in_pairs() {
        assert!(LOOK_ALIKES.chars().count().is_multiple_of(2));
        let pairs: Vec<char> = LOOK_ALIKES.chars().collect();
        for pair in pairs.chunks(2) {
            assert!(!pair[0].is_ascii() && pair[1].is_ascii(), "{pair:?}");
        }
    }

    #[test]
    fn common_disguises() {
        let folded: String = "ｇｈｐ＿аЕο𝐀𝗯𝟗".chars().filter_map(look_alike).collect();
        assert_eq!(folded, "ghp_aEoAb9");
        assert!(is_invisible('\u{200b}') && !is_invisible('a'));
    }
}

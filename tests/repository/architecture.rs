//! The invariants of ARCHITECTURE.md that a reader could break without a test noticing: which room may
//! know what. They are read off the source text, line by line, and every offending line is told.
//!
//! What the compiler and clippy hold already is not repeated here (unsafe code, printing outside
//! `commands`), nor what types hold (`Permit` and `Forward` have private constructors).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// No code in these folders may name these words.
struct Rule {
    /// Why, as the failure says it.
    because: &'static str,
    /// Folders of `src` that it holds for; everything, where empty.
    rooms: &'static [&'static str],
    /// Folders of `src` that it does not hold for.
    except: &'static [&'static str],
    /// Whole identifiers, or paths of them.
    words: &'static [&'static str],
}

const RULES: [Rule; 13] = [
    Rule {
        because: "only the proxy knows Pingora, so that another wire can take its place",
        rooms: &[],
        except: &["proxy"],
        words: &["pingora_core::", "pingora_http::", "pingora_proxy", "pingora::"],
    },
    Rule {
        because: "the core is pure: time is an argument, and nothing waits",
        rooms: &["http1", "policy", "limits"],
        except: &[],
        words: &["Instant::now", "SystemTime", "tokio", "async", "await", "sleep"],
    },
    Rule {
        because: "the core is pure: bytes are arguments, and no file, variable or socket is touched",
        rooms: &["http1", "policy", "limits"],
        except: &[],
        words: &["fs", "env", "File", "TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs", "stdin", "Command"],
    },
    Rule {
        because: "the core decides, and others tell: no log and no metric",
        rooms: &["http1", "policy", "limits"],
        except: &[],
        words: &["tracing", "log::", "println!", "eprintln!"],
    },
    Rule {
        because: "the wire is bytes, and knows nobody who judges or moves them",
        rooms: &["http1"],
        except: &[],
        words: &["crate::policy", "crate::config", "crate::limits", "crate::proxy", "crate::telemetry"],
    },
    Rule {
        because: "policy stands below every other room but the wire",
        rooms: &["policy"],
        except: &[],
        words: &["crate::config", "crate::limits", "crate::proxy", "crate::demo", "crate::commands"],
    },
    Rule {
        because: "limits count for policy, and know nobody else",
        rooms: &["limits"],
        except: &[],
        words: &["crate::config", "crate::proxy", "crate::demo", "crate::commands"],
    },
    Rule {
        because: "config compiles into policy, and knows nobody who runs it",
        rooms: &["config"],
        except: &[],
        words: &["crate::limits", "crate::proxy", "crate::demo", "crate::commands", "tokio", "tracing"],
    },
    Rule {
        because: "the proxy is handed a Gateway, whoever compiled it",
        rooms: &["proxy", "admin"],
        except: &[],
        words: &["crate::config", "crate::demo", "crate::commands"],
    },
    Rule {
        because: "who finds out who it is knows nobody who asks",
        rooms: &["identity"],
        except: &[],
        words: &["crate::config", "crate::proxy", "crate::limits", "crate::admin", "crate::demo", "crate::commands"],
    },
    Rule {
        because: "telemetry reads outcomes, whoever brought them about",
        rooms: &["telemetry"],
        except: &[],
        words: &["crate::config", "crate::proxy", "crate::admin", "crate::reload", "crate::commands", "tokio", "async"],
    },
    Rule {
        because: "what serves knows nobody who looks after it",
        rooms: &["proxy", "admin", "telemetry"],
        except: &[],
        words: &["crate::reload", "crate::systemd"],
    },
    Rule {
        because: "the demo's API is an API like any other, and knows no gate",
        rooms: &["demo"],
        except: &[],
        words: &["crate::config", "crate::policy", "crate::limits", "crate::proxy", "crate::commands"],
    },
];

#[test]
fn each_room_knows_only_what_it_may() {
    let mut offences = String::new();
    for (path, text) in sources("src") {
        let room = path.iter().nth(1).and_then(|name| name.to_str()).unwrap_or_default();
        let applies =
            |rule: &&Rule| (rule.rooms.is_empty() || rule.rooms.contains(&room)) && !rule.except.contains(&room);
        for rule in RULES.iter().filter(applies) {
            for (number, line) in shipped_code(&text) {
                for word in rule.words.iter().filter(|word| names(line, word)) {
                    let place = format!("{}:{number}", path.display());
                    let _ = writeln!(offences, "{place}: `{word}`, but {}\n    {}", rule.because, line.trim());
                }
            }
        }
    }
    assert!(offences.is_empty(), "\n{offences}");
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let silent: Vec<String> = ["src", "tests", "benches", "fuzz/fuzz_targets", "fuzz/src", "fuzz/wire/src"]
        .into_iter()
        .flat_map(sources)
        .filter(|(_, text)| !text.trim_start_matches("#![no_main]\n").starts_with("//! "))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "these files do not open with `//!`: {silent:#?}");
}

#[test]
fn the_rules_find_what_they_forbid() {
    assert!(names("let began = Instant::now();", "Instant::now"));
    assert!(names("use std::{env, io};", "env"));
    assert!(names("use crate::proxy::Gate;", "crate::proxy"));
    assert!(!names("let environment = 1;", "env") && !names("MyFile::new()", "File"));
    let text = "//! tokio\nfn a() {} // tokio\n#[cfg(test)]\nmod tests {\n    use tokio;\n}\n";
    let code: Vec<_> = shipped_code(text).collect();
    assert_eq!(code, [(2, "fn a() {} ")]);
}

/// All Rust files below a folder of the package, with their paths from its root.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        // A folder may be absent: a package without benches has none to look at.
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a folder of the package can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is UTF-8");
                let short = path.strip_prefix(root).expect("it was found below the root").to_owned();
                files.push((short, text));
            }
        }
    }
    files.sort();
    files
}

/// The numbered lines that are neither comment nor test. An inline module of tests is the end of its
/// file; tests in files of their own are held to the rules as the rest is.
fn shipped_code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let code = text.find("#[cfg(test)]\nmod tests {").map_or(text, |tests| &text[..tests]);
    let numbered = code.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered
        .map(|(number, line)| (number, line.split_once("//").map_or(line, |(code, _)| code)))
        .filter(|(_, line)| !line.trim().is_empty())
}

/// Whether a line names a word: the word with nothing of an identifier before or, unless it ends with
/// punctuation, behind it.
fn names(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let open = line[..at].chars().next_back().is_none_or(|before| !part(before));
        let close = line[at + word.len()..].chars().next().is_none_or(|after| !part(after));
        open && (close || word.ends_with([':', '!']))
    })
}

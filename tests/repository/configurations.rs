//! Every configuration that is shipped can serve, and is warned about only where it shows what is.

use std::path::Path;

use portcullis::config::{self, Machine};

#[test]
fn each_one_that_is_shipped_is_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let mut judged = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let is_key_file = path.to_string_lossy().ends_with("-keys.toml");
        if is_key_file || path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let loaded = config::load(&path, &Machine).unwrap_or_else(|errors| panic!("{}:\n{errors}", path.display()));
        let meant = |message: &str| message == "bodies pass unchecked here";
        let warnings = loaded.warnings.iter().filter(|warning| !meant(&warning.message));
        let warnings: Vec<String> = warnings.map(ToString::to_string).collect();
        assert!(warnings.is_empty(), "{}:\n{}", path.display(), warnings.join("\n"));
        judged += 1;
    }
    assert!(judged >= 4, "only {judged} were found");
}

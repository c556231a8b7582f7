//! The documents against the repository: what they link to is there, and what the README shows as the
//! demo's configuration is that configuration.

use std::path::{Path, PathBuf};

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents: Vec<PathBuf> =
        [root.to_owned(), root.join("docs")].iter().flat_map(|folder| markdown(folder)).collect();
    assert!(documents.len() >= 7, "{documents:?}");
    let mut dead = Vec::new();
    for document in &documents {
        let text = std::fs::read_to_string(document).expect("a document is UTF-8");
        let folder = document.parent().expect("a file is in a folder");
        // Inline links only; those are all that is used.
        for target in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target) {
            let file = target.split('#').next().unwrap_or_default();
            if !target.contains("://") && !file.is_empty() && !folder.join(file).exists() {
                dead.push(format!("{} → {target}", document.display()));
            }
        }
    }
    assert!(dead.is_empty(), "these links lead nowhere: {dead:#?}");
}

#[test]
fn the_readme_shows_the_configuration_that_the_demo_runs() {
    let readme = include_str!("../../README.md");
    let shown = format!("```toml\n{}```", include_str!("../../config/portcullis.toml"));
    assert!(readme.contains(&shown), "README.md shows another text than config/portcullis.toml");
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of the package can be listed");
    let paths = entries.map(|entry| entry.expect("and each of its entries").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

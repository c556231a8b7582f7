//! `portcullis serve`: a configuration, served until a signal.

use std::path::Path;

use super::{Failure, check, run};

pub(super) fn serve(file: &Path) -> Result<(), Failure> {
    let loaded = check::load(file)?;
    run::log();
    let told = |error: std::io::Error| Failure::Running(error.to_string());
    let runtime = run::runtime(loaded.gateway.limits.threads).map_err(told)?;
    runtime.block_on(async {
        let summary = check::summary(&loaded.gateway);
        let admin = loaded.gateway.admin.as_ref().map(|admin| admin.address);
        let server = run::bind(loaded.gateway)?;
        if let Some(address) = admin {
            run::admin(address, &server).await?;
        }
        for address in server.addresses().map_err(told)? {
            tracing::info!(%address, configuration = %file.display(), summary, "serving");
        }
        run::until_signal(server).await
    })
}

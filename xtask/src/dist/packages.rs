//! The packages: which files each consists of, and where these are installed.
//!
//! Two of them, because a laptop needs no server, and a server in a cupboard needs no client. What dpkg wants to know of
//! a package (`control`, scripts) lies in `server/packaging/PACKAGE`.

/// A package, which is named after its program.
pub(super) struct Package {
    pub(super) name: &'static str,
    /// The crate of the program.
    pub(super) source: &'static str,
    /// Besides the program, its man pages and its completions.
    pub(super) files: &'static [File],
}

/// A file of the workspace, and its path in an installed system.
pub(super) struct File {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

/// The directory of everything that belongs to packaging only.
pub(super) const PACKAGING: &str = "server/packaging";

pub(super) const PACKAGES: &[Package] = &[
    Package {
        name: "quchat-server",
        source: "quchat-server",
        files: &[
            File { from: "server/packaging/quchat-server.service", to: "usr/lib/systemd/system/quchat-server.service" },
            File { from: "server/packaging/quchat-server.sysusers", to: "usr/lib/sysusers.d/quchat-server.conf" },
            File { from: "server/packaging/quchat-server.default", to: "etc/default/quchat-server" },
            File { from: "server/METRICS.md", to: "usr/share/doc/quchat-server/METRICS.md" },
            File { from: "README.md", to: "usr/share/doc/quchat-server/README.md" },
            File { from: "LICENSE", to: "usr/share/doc/quchat-server/copyright" },
        ],
    },
    Package {
        name: "quchat",
        source: "quchat-client",
        files: &[
            File { from: "client/config.example.toml", to: "usr/share/doc/quchat/examples/config.toml" },
            File { from: "README.md", to: "usr/share/doc/quchat/README.md" },
            File { from: "LICENSE", to: "usr/share/doc/quchat/copyright" },
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;
    use crate::cargo::workspace;

    fn read(path: &str) -> String {
        fs::read_to_string(workspace().join(path)).unwrap()
    }

    fn unit() -> String {
        read("server/packaging/quchat-server.service")
    }

    #[test]
    fn every_file_exists() {
        for File { from, .. } in PACKAGES.iter().flat_map(|package| package.files) {
            assert!(workspace().join(from).is_file(), "{from}");
        }
    }

    #[test]
    fn the_service_uses_only_what_its_package_installs() {
        let (unit, package) = (unit(), &PACKAGES[0]);
        let is_installed = |path: &str| package.files.iter().any(|file| file.to == path);
        assert!(unit.contains("\nExecStart=/usr/bin/quchat-server\n"));
        assert!(unit.contains("\nEnvironmentFile=-/etc/default/quchat-server\n"));
        assert!(is_installed("etc/default/quchat-server") && is_installed("usr/lib/sysusers.d/quchat-server.conf"));
        let kept = read("server/packaging/quchat-server/conffiles");
        assert_eq!(kept, "/etc/default/quchat-server\n", "dpkg keeps what the operator changed");
        let user = read("server/packaging/quchat-server.sysusers");
        assert!(unit.contains("\nUser=quchat\n") && user.starts_with("u quchat "), "{user}");
    }

    #[test]
    fn every_setting_of_the_service_is_a_variable_of_the_server() {
        let settings = read("server/packaging/quchat-server.default");
        let args = read("server/src/args.rs") + &read("server/src/args/store.rs");
        let names = settings.lines().filter_map(|line| line.strip_prefix("#QUCHAT_")?.split_once('='));
        let names: Vec<_> = names.map(|(name, _)| format!("\"QUCHAT_{name}\"")).collect();
        assert!(names.len() > 3, "{names:?}");
        assert!(names.iter().all(|name| args.contains(name)), "{names:?}");
    }

    /// Left out where systemd is not installed.
    #[test]
    fn the_service_has_few_rights() {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(["security", "--offline=true", "--no-pager", "--threshold=20"]); // 2.0
        analyze.arg(workspace().join("server/packaging/quchat-server.service"));
        let Ok(output) = analyze.output() else { return };
        let (report, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{report}{error}");
    }
}

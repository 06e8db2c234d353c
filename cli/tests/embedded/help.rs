use crate::run::{Folder, offsets};

#[test]
fn help_teaches_with_examples() {
    for subcommand in [
        "",
        "translate",
        "reset",
        "undo",
        "dump",
        "simulate",
        "archive",
        "archive run",
        "archive stats",
        "archive export",
        "state",
        "state show",
        "state export",
        "state import",
    ] {
        let run = offsets(&format!("{subcommand} --help")).expect(0);
        assert!(run.stdout.contains("Examples:"), "{}", run.stdout);
    }
}

#[test]
fn every_demo_example_of_the_help_runs() {
    let folder = Folder::new();
    let mut examples = Vec::new();
    for subcommand in ["", "translate", "reset", "dump"] {
        let help = offsets(&format!("{subcommand} --help")).expect(0).stdout;
        let lines = help.lines().map(str::trim).filter(|line| line.starts_with("offsets --demo"));
        examples.extend(lines.map(|line| line["offsets ".len()..].to_owned()));
    }
    assert!(examples.len() >= 6, "{examples:?}");
    for example in examples {
        folder.offsets(&example).expect(0);
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = offsets(&format!("completions {shell}")).expect(0);
        assert!(run.stdout.contains("translate"));
    }
}

#[test]
fn there_is_a_man_page_for_each_command() {
    let folder = Folder::new();
    folder.offsets("man pages").expect(0);
    for page in ["offsets.1", "offsets-translate.1", "offsets-reset.1", "offsets-dump.1"] {
        assert!(folder.read(&format!("pages/{page}")).contains(".TH"));
    }
}

#[test]
fn an_unknown_format_is_a_usage_error() {
    offsets("--demo translate --group app-g -o yaml").expect(2).says(&["yaml", "table"]);
}

#[test]
fn the_version_is_said() {
    assert_eq!(offsets("--version").expect(0).stdout, concat!("offsets ", env!("CARGO_PKG_VERSION"), "\n"));
}

use crate::run::{Folder, offsets};

/// Every command that the help names, by its whole path; the first is that of `offsets` itself.
fn commands() -> Vec<String> {
    let mut commands = vec![String::new()];
    let mut next = 0;
    while let Some(command) = commands.get(next).cloned() {
        let help = offsets(&format!("{command} --help")).expect(0).stdout;
        let listed = help.split("\nCommands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
        let lines = listed.unwrap_or_default().lines().filter_map(|line| line.strip_prefix("  "));
        let names = lines.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(' ').next());
        let parts =
            names.filter(|name| *name != "help").map(|name| format!("{command} {name}").trim().to_owned());
        commands.extend(parts);
        next += 1;
    }
    for known in ["reconcile", "archive run", "state import"] {
        assert!(commands.iter().any(|command| command == known), "{commands:?}");
    }
    commands
}

#[test]
fn help_teaches_with_examples() {
    for command in commands() {
        let run = offsets(&format!("{command} --help")).expect(0);
        assert!(run.stdout.contains("Examples:"), "{command}: {}", run.stdout);
    }
}

#[test]
fn every_demo_example_of_the_help_runs() {
    let folder = Folder::new();
    let mut examples = Vec::new();
    for command in commands() {
        // An example goes on behind a backslash.
        let help = offsets(&format!("{command} --help")).expect(0).stdout.replace("\\\n", " ");
        let lines = help.lines().map(str::trim).filter(|line| line.starts_with("offsets --demo"));
        examples.extend(lines.map(|line| line["offsets ".len()..].to_owned()));
    }
    examples.sort();
    examples.dedup();
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
    for command in commands() {
        let page = format!("offsets {command}").trim_end().replace(' ', "-");
        assert!(folder.read(&format!("pages/{page}.1")).contains(".TH"), "{page}");
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

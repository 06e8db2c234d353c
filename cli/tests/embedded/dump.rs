use crate::run::{Folder, offsets};

#[test]
fn a_dump_gives_the_same_answers_later() {
    let folder = Folder::new();
    folder.offsets("--demo dump --file link.json").expect(0);
    let first = folder.offsets("translate --from-dump link.json --all-groups -o json").expect(0).stdout;
    let again = folder.offsets("translate --from-dump link.json --all-groups -o json").expect(0).stdout;
    assert_eq!(first, again);
    let live = offsets("--demo translate --all-groups -o csv").expect(0).stdout;
    let csv = folder.offsets("translate --from-dump link.json --all-groups -o csv").expect(0).stdout;
    assert_eq!(csv, live);
}

#[test]
fn a_dump_answers_for_offsets_kept_outside_kafka() {
    let folder = Folder::new();
    folder.offsets("--demo dump --file link.json").expect(0);
    let run = folder.offsets("translate --from-dump link.json --topic orders:0 --offset 0 -o csv").expect(0);
    assert_eq!(run.stdout, "src.orders,0,0\n");
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let folder = Folder::new();
    folder.write("link.json", "precious");
    folder.offsets("--demo dump --file link.json").fails(1, &["link.json"]);
    assert_eq!(folder.read("link.json"), "precious");
}

#[test]
fn a_dump_that_was_cut_short_names_the_place() {
    let folder = Folder::new();
    let text = folder.offsets("--demo dump --file -").expect(0).stdout;
    folder.write("short.json", &text[..text.len() / 2]);
    folder
        .offsets("translate --from-dump short.json --all-groups")
        .fails(2, &["short.json", "line 2, column", "take the dump again"]);
}

#[test]
fn a_dump_that_was_edited_is_refused() {
    let folder = Folder::new();
    let text = folder.offsets("--demo dump --file -").expect(0).stdout;
    assert!(text.contains("18963"));
    folder.write("edited.json", text.replace("18963", "18962"));
    folder
        .offsets("translate --from-dump edited.json --all-groups")
        .fails(2, &["edited.json", "changed after it was written"]);
}

#[test]
fn another_json_file_is_not_taken_for_a_dump() {
    let folder = Folder::new();
    let answer = offsets("--demo translate --group app-g -o json").expect(0).stdout;
    folder.write("answer.json", answer);
    folder
        .offsets("translate --from-dump answer.json --all-groups")
        .fails(2, &["`Translation`", "`Evidence`"]);
}

//! Files an operator hands over: a dump, an undo file, a seed, Kafka's CSV, MM2's properties, a link's name.

use offsets_core::config::{BootstrapServers, JavaProperties, Mm2Properties, NoAccess, OtherFile, Providers};
use offsets_core::evidence::{read_dump, write_dump};
use offsets_core::link::LinkName;
use offsets_core::plan::{Undo, read_csv, write_csv};
use offsets_core::translate::Seed;

/// Panics where a rule is broken.
pub fn files(bytes: &[u8]) {
    if let Ok(properties) = Mm2Properties::parse(bytes) {
        let _ = properties.link(None, &NoAccess);
        let _ = properties.target(None, &NoAccess);
    }
    if let Ok(properties) = JavaProperties::parse(bytes) {
        let providers = Providers::of(&properties);
        for (_, value) in properties.iter() {
            let _ = providers.resolve(value, &NoAccess);
        }
    }
    let _ = OtherFile::recognise(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(evidence) = read_dump(text) {
        assert!(read_dump(&write_dump(&evidence)).is_ok());
    }
    if let Ok(rows) = read_csv(text) {
        assert_eq!(read_csv(&write_csv(&rows)), Ok(rows));
    }
    let _ = Undo::read(text);
    if let Ok(seed) = Seed::read(text) {
        assert_eq!(Seed::read(&seed.write()).expect("what was written"), seed);
    }
    let _ = text.parse::<LinkName>();
    if let Ok(servers) = BootstrapServers::parse(text) {
        assert_eq!(BootstrapServers::parse(&servers.to_string()), Ok(servers));
    }
}

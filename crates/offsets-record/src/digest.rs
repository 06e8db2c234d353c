use twox_hash::XxHash3_128;

/// What most records need; more goes to the heap.
const ROOM: usize = 256;

/// XXH3-128 over the domain and the parts, each as its length (eight bytes, little-endian, one more than it is, so that 0
/// is left for null) and its bytes. So no two lists of parts are ever hashed from the same bytes.
pub(crate) fn digest(domain: &str, parts: &[Option<&[u8]>]) -> u128 {
    let parts = || [Some(domain.as_bytes())].into_iter().chain(parts.iter().copied());
    let length: usize = parts().map(|part| 8 + part.map_or(0, <[u8]>::len)).sum();
    if length > ROOM {
        let mut bytes = vec![0; length];
        lay_out(&mut bytes, parts());
        return XxHash3_128::oneshot(&bytes);
    }
    let mut bytes = [0; ROOM];
    lay_out(&mut bytes[..length], parts());
    XxHash3_128::oneshot(&bytes[..length])
}

fn lay_out<'a>(mut room: &mut [u8], parts: impl Iterator<Item = Option<&'a [u8]>>) {
    for part in parts {
        let length = part.map_or(0, |part| part.len() as u64 + 1);
        let (head, rest) = room.split_at_mut(8);
        head.copy_from_slice(&length.to_le_bytes());
        let (body, rest) = rest.split_at_mut(part.map_or(0, <[u8]>::len));
        body.copy_from_slice(part.unwrap_or_default());
        room = rest;
    }
}

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

/**
 * What the bench `reconcile` has our own store do, in RocksDB: insert where absent, durable every 100,000. The tuning is the
 * best that was found for it: a filter of ten bits, a large cache, no compression, and a filter for what is in memory too.
 *
 * <p>Arguments: a new folder, how many operations, how many identities there are to be. Prints operations a second and the
 * seconds until it was open again.
 */
public final class RememberInRocks {
    private static final int HANDFUL = 100_000;

    public static void main(String[] arguments) throws Exception {
        String folder = Path.of(arguments[0]).toString();
        int operations = Integer.parseInt(arguments[1]);
        int distinct = Integer.parseInt(arguments[2]);
        RocksDB.loadLibrary();
        try (var filter = new BloomFilter(10, false); var cache = new LRUCache(1L << 30); var options = new Options()) {
            options.setCreateIfMissing(true).setWriteBufferSize(64L << 20).setCompressionType(CompressionType.NO_COMPRESSION);
            options.setMemtablePrefixBloomSizeRatio(0.1).setMemtableWholeKeyFiltering(true);
            options.setTableFormatConfig(new BlockBasedTableConfig().setFilterPolicy(filter).setBlockCache(cache));
            long[] keys = keys(operations);
            long began = System.nanoTime();
            try (var db = RocksDB.open(options, folder)) {
                int first = remember(db, keys);
                if (first != distinct) {
                    throw new IllegalStateException(first + " identities, not " + distinct);
                }
            }
            double spent = seconds(began);
            began = System.nanoTime();
            RocksDB.open(options, folder).close();
            System.out.println(operations / spent + " " + seconds(began));
        }
    }

    private static int remember(RocksDB db, long[] keys) throws Exception {
        byte[] key = new byte[16];
        byte[] value = new byte[8];
        byte[] held = new byte[8];
        int first = 0;
        for (int number = 0; number < keys.length / 2; number++) {
            ByteBuffer.wrap(key).putLong(keys[2 * number]).putLong(keys[2 * number + 1]);
            if (db.get(key, held) == RocksDB.NOT_FOUND) {
                ByteBuffer.wrap(value).putLong(number);
                db.put(key, value);
                first++;
            }
            if (number % HANDFUL == HANDFUL - 1) {
                db.syncWal();
            }
        }
        db.syncWal();
        return first;
    }

    private static double seconds(long began) {
        return (System.nanoTime() - began) / 1e9;
    }

    /** The keys of `Ids`, each as two numbers. */
    private static long[] keys(int operations) {
        long[] keys = new long[2 * operations];
        long distinct = 0;
        for (int record = 0; record < operations; record++) {
            boolean repeats = Long.remainderUnsigned(mix(record), 10) < 3 && distinct > 0;
            long id = repeats ? Long.remainderUnsigned(mix(record ^ 0x5deece66dL), distinct) : distinct++;
            keys[2 * record] = mix(2 * id + 1);
            keys[2 * record + 1] = mix(2 * id + 2);
        }
        return keys;
    }

    /** SplitMix64. */
    private static long mix(long number) {
        long mixed = number + 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }
}

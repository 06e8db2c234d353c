import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * What a Java program does today to let one record of several count: Kafka Streams with its own kind of store, which is
 * RocksDB beside a changelog.
 *
 * <p>ReconcileStreams dedup|upsert BOOTSTRAP APPLICATION INPUT OUTPUT RECORDS STATE_FOLDER [KEY=VALUE...]; ends, with
 * everything committed, when it has been given so many records.
 */
public final class ReconcileStreams {
    private static final JsonFactory JSON = new JsonFactory();

    private ReconcileStreams() {
    }

    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[1]);
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, args[2]);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, args[6]);
        properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        properties.put("auto.offset.reset", "earliest");
        for (int place = 7; place < args.length; place++) {
            String[] setting = args[place].split("=", 2);
            properties.put(setting[0], setting[1]);
        }

        CountDownLatch done = new CountDownLatch(1);
        AtomicLong left = new AtomicLong(Long.parseLong(args[5]));
        StreamsBuilder builder = new StreamsBuilder();
        KStream<byte[], byte[]> records =
            builder.stream(args[3], Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()));
        KStream<byte[], byte[]> results = args[0].equals("dedup") ? firstOfEach(builder, records) : highestOfEach(records);
        results.to(args[4], Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
        // The last node under the source, so that a record that is counted here has been through the others.
        records.foreach((key, value) -> {
            if (left.decrementAndGet() == 0) {
                done.countDown();
            }
        });

        try (KafkaStreams streams = new KafkaStreams(builder.build(), properties)) {
            streams.setUncaughtExceptionHandler(error -> {
                error.printStackTrace();
                done.countDown();
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            done.await(5, TimeUnit.MINUTES);
        }
        if (left.get() != 0) {
            throw new IllegalStateException(left + " records were not read");
        }
    }

    /** The first record of each key. */
    private static KStream<byte[], byte[]> firstOfEach(StreamsBuilder builder, KStream<byte[], byte[]> records) {
        builder.addStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("seen"), Serdes.ByteArray(), Serdes.Long()));
        return records.process(FirstOfEach::new, "seen");
    }

    private static final class FirstOfEach implements Processor<byte[], byte[], byte[], byte[]> {
        private ProcessorContext<byte[], byte[]> context;
        private KeyValueStore<byte[], Long> seen;

        @Override
        public void init(ProcessorContext<byte[], byte[]> context) {
            this.context = context;
            seen = context.getStateStore("seen");
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            if (seen.putIfAbsent(record.key(), record.timestamp()) == null) {
                context.forward(record);
            }
        }
    }

    /** The record of the highest version of each key. */
    private static KStream<byte[], byte[]> highestOfEach(KStream<byte[], byte[]> records) {
        return records
            .groupByKey(Grouped.with(Serdes.ByteArray(), Serdes.ByteArray()))
            .reduce(
                (one, other) -> version(one) >= version(other) ? one : other,
                Materialized.<byte[], byte[], KeyValueStore<Bytes, byte[]>>as("winners")
                    .withKeySerde(Serdes.ByteArray())
                    .withValueSerde(Serdes.ByteArray()))
            .toStream();
    }

    /** Reads no further than it must. */
    private static long version(byte[] value) {
        try (JsonParser parser = JSON.createParser(value)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.FIELD_NAME && parser.currentName().equals("version")) {
                    return parser.nextLongValue(-1);
                }
            }
            throw new IllegalStateException("no version");
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}

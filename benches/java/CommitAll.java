import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/**
 * The least a Java program can do: one admin client commits a whole file with all requests in flight. It looks at no
 * group, no log and no earlier commit.
 *
 * <p>CommitAll commit|commit-and-check|check BOOTSTRAP FILE; the lines are group,topic,partition,offset. Checking reads
 * all groups back and fails when one is elsewhere.
 */
public final class CommitAll {
    private CommitAll() {
    }

    public static void main(String[] args) throws Exception {
        Map<String, Map<TopicPartition, OffsetAndMetadata>> wanted = read(Path.of(args[2]));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[1]))) {
            if (args[0].startsWith("commit")) {
                List<KafkaFuture<Void>> commits = new ArrayList<>();
                wanted.forEach((group, offsets) -> commits.add(admin.alterConsumerGroupOffsets(group, offsets).all()));
                for (KafkaFuture<Void> commit : commits) {
                    commit.get();
                }
            }
            if (args[0].endsWith("check")) {
                check(admin, wanted);
            }
        }
    }

    private static Map<String, Map<TopicPartition, OffsetAndMetadata>> read(Path file) throws Exception {
        Map<String, Map<TopicPartition, OffsetAndMetadata>> wanted = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            String[] columns = line.split(",");
            wanted.computeIfAbsent(columns[0], group -> new HashMap<>()).put(
                new TopicPartition(columns[1], Integer.parseInt(columns[2])),
                new OffsetAndMetadata(Long.parseLong(columns[3])));
        }
        return wanted;
    }

    private static void check(Admin admin, Map<String, Map<TopicPartition, OffsetAndMetadata>> wanted)
            throws Exception {
        Map<String, ListConsumerGroupOffsetsSpec> questions = new HashMap<>();
        wanted.forEach((group, offsets) -> questions.put(
            group, new ListConsumerGroupOffsetsSpec().topicPartitions(offsets.keySet())));
        Map<String, Map<TopicPartition, OffsetAndMetadata>> found =
            admin.listConsumerGroupOffsets(questions).all().get();
        wanted.forEach((group, offsets) -> offsets.forEach((partition, offset) -> {
            OffsetAndMetadata actual = found.get(group).get(partition);
            if (actual == null || actual.offset() != offset.offset()) {
                throw new IllegalStateException(group + " on " + partition + " is at " + actual + ", not " + offset);
            }
        }));
    }
}

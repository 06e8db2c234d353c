import java.io.BufferedWriter;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.mirror.RemoteClusterUtils;

/**
 * What a Java program does today: asks MM2's own client for every group's translated offsets, in one pass.
 *
 * <p>TranslateAll BOOTSTRAP SOURCE_ALIAS GROUPS_REGEX; prints group,topic,partition,offset.
 */
public final class TranslateAll {
    private TranslateAll() {
    }

    public static void main(String[] args) throws Exception {
        Map<String, Object> properties = Map.of("bootstrap.servers", args[0]);
        Map<String, Map<TopicPartition, OffsetAndMetadata>> translated = RemoteClusterUtils.translateOffsets(
            properties, args[1], Pattern.compile(args[2]), Duration.ofSeconds(60));
        try (PrintWriter out = new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out)))) {
            translated.forEach((group, offsets) -> offsets.forEach((partition, offset) ->
                out.println(group + "," + partition.topic() + "," + partition.partition() + "," + offset.offset())));
        }
    }
}

#!/usr/bin/env bash
# kafka-clients 4.3.1, ConfigTransformer with its three providers: a reference that leads nowhere.
# Expected: an error. Seen: an unset variable, a missing key of a file, a missing file of a folder and a missing FOLDER leave the
# reference as it stands, so `${env:PASSWORD}` itself becomes the password; only a missing properties file is an error. There is no
# escape either: `$${env:X}` is resolved, after a `$`. A reference inside a resolved value is not resolved again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/lib/kafka.sh"; . "$here/lib/expect.sh"
trap 'rm -rf "$work"' EXIT

kafka_jars
cat > "$work/Transform.java" <<'JAVA'
import java.nio.file.*;
import java.util.*;
import org.apache.kafka.common.config.ConfigTransformer;
import org.apache.kafka.common.config.provider.*;

public class Transform {
    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectory(Path.of(arguments[0], "secrets"));
        Path file = Files.writeString(folder.resolve("s.properties"), "known=secret\nnested=${env:KNOWN}\n");
        ConfigProvider files = new FileConfigProvider(), folders = new DirectoryConfigProvider();
        ConfigProvider variables = new EnvVarConfigProvider(Map.of("KNOWN", "secret"));
        for (ConfigProvider provider : List.of(files, folders, variables)) provider.configure(Map.of());
        ConfigTransformer transformer = new ConfigTransformer(Map.of("file", files, "dir", folders, "env", variables));
        for (String text : new String[] {
            "${env:KNOWN}", "${env:UNSET}", "${file:F/s.properties:known}", "${file:F/s.properties:missing}",
            "${file:F/nowhere.properties:known}", "${dir:F:missing}", "${dir:F/nowhere:known}", "$${env:KNOWN}",
            "${file:F/s.properties:nested}" }) {
            String result;
            try {
                String value = text.replace("F", folder.toString());
                result = transformer.transform(Map.of("k", value)).data().get("k").replace(folder.toString(), "F");
            } catch (Exception error) {
                result = error.getClass().getSimpleName();
            }
            System.out.println(text + " -> " + result);
        }
    }
}
JAVA
seen=$(java -Dorg.slf4j.simpleLogger.defaultLogLevel=off -cp "$work/jars/*" "$work/Transform.java" "$work")
expect "resolved" '${env:KNOWN} -> secret
${env:UNSET} -> ${env:UNSET}
${file:F/s.properties:known} -> secret
${file:F/s.properties:missing} -> ${file:F/s.properties:missing}
${file:F/nowhere.properties:known} -> ConfigException
${dir:F:missing} -> ${dir:F:missing}
${dir:F/nowhere:known} -> ${dir:F/nowhere:known}
$${env:KNOWN} -> $secret
${file:F/s.properties:nested} -> ${env:KNOWN}' "$seen"

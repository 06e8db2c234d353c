# One Kafka broker on 127.0.0.1 in "$work", from Maven's jars. Source it after `work=$(mktemp -d)`; end with `kafka_stop`.

kafka_version=4.3.1

# Copies the jars of a broker and of Kafka's tools to "$work/jars".
kafka_jars() {
  cat > "$work/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$kafka_version</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$kafka_version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
XML
  mvn -q -B -f "$work/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$work/jars" < /dev/null > "$work/maven.log" 2>&1 \
    || { cat "$work/maven.log"; return 1; }
}

# Runs a class of the jars, with errors only in its log.
kafka_run() {
  timeout 180 java -Xmx128m -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$work/jars/*" "$@"
}

# kafka-consumer-groups and kafka-topics, on the broker that was started.
kafka_groups() { kafka_run org.apache.kafka.tools.consumer.group.ConsumerGroupCommand --bootstrap-server "$bootstrap" "$@"; }
kafka_topics() { kafka_run org.apache.kafka.tools.TopicCommand --bootstrap-server "$bootstrap" "$@"; }
# Writes the lines of stdin to a topic.
kafka_produce() { kafka_run org.apache.kafka.tools.ConsoleProducer --bootstrap-server "$bootstrap" --topic "$1" "${@:2}" > /dev/null; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Starts the broker and waits until it answers; sets "$bootstrap".
kafka_start() {
  kafka_jars
  local port controller
  port=$(free_port); controller=$(free_port)
  bootstrap=127.0.0.1:$port
  cat > "$work/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=$work/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
PROPERTIES
  kafka_run kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAA -c "$work/server.properties" > "$work/format.log" 2>&1
  java -Xmx400m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$work/jars/*" kafka.Kafka "$work/server.properties" \
    > "$work/broker.log" 2>&1 &
  broker=$!
  for _ in $(seq 30); do
    kill -0 "$broker" 2> /dev/null || { tail -5 "$work/broker.log"; return 1; }
    if kafka_topics --list > /dev/null 2>&1; then return 0; fi
  done
  echo "the broker does not answer"; return 1
}

kafka_stop() {
  if [ -n "${broker:-}" ]; then kill "$broker" 2> /dev/null || true; wait "$broker" 2> /dev/null || true; broker=; fi
}

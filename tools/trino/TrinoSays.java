// Answers queries by Trino in this process: a query as a JSON string on each line of the first file, an answer as a JSON object
// on each line of the second: {"sql", "types", "names", "rows"} or {"sql", "code", "error"}. Values are texts as Athena shows
// them, null is null. java -cp 'LIBRARIES/*' TrinoSays.java QUERIES ANSWERS
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.trino.spi.TrinoException;
import io.trino.spi.type.ArrayType;
import io.trino.spi.type.MapType;
import io.trino.spi.type.RowType;
import io.trino.spi.type.TimeZoneKey;
import io.trino.spi.type.Type;
import io.trino.sql.parser.ParsingException;
import io.trino.testing.LocalQueryRunner;
import io.trino.testing.MaterializedResult;
import io.trino.testing.MaterializedRow;
import io.trino.testing.TestingSession;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;

public class TrinoSays {
  static String nested(Type type, Object value) {
    return value == null ? "null" : text(type, value);
  }

  static String text(Type type, Object value) {
    if (value == null) return null;
    if (type instanceof ArrayType array) {
      StringJoiner joined = new StringJoiner(", ", "[", "]");
      for (Object item : (List<?>) value) joined.add(nested(array.getElementType(), item));
      return joined.toString();
    }
    if (type instanceof MapType map) {
      StringJoiner joined = new StringJoiner(", ", "{", "}");
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet())
        joined.add(nested(map.getKeyType(), entry.getKey()) + "=" + nested(map.getValueType(), entry.getValue()));
      return joined.toString();
    }
    if (type instanceof RowType row) {
      List<?> values = value instanceof MaterializedRow materialized ? materialized.getFields() : (List<?>) value;
      StringJoiner joined = new StringJoiner(", ", "{", "}");
      for (int i = 0; i < values.size(); i++) {
        RowType.Field field = row.getFields().get(i);
        joined.add(field.getName().orElse("field" + i) + "=" + nested(field.getType(), values.get(i)));
      }
      return joined.toString();
    }
    if (value instanceof byte[] bytes) {
      StringJoiner joined = new StringJoiner(" ");
      for (byte each : bytes) joined.add(String.format("%02x", each));
      return joined.toString();
    }
    return value instanceof BigDecimal decimal ? decimal.toPlainString() : value.toString();
  }

  // The error that a client of Trino is told.
  static Throwable told(Throwable thrown) {
    for (Throwable each = thrown; each != null; each = each.getCause())
      if (each instanceof TrinoException || each instanceof ParsingException) return each;
    while (thrown.getCause() != null) thrown = thrown.getCause();
    return thrown;
  }

  static void answer(LocalQueryRunner trino, String sql, ObjectNode out) {
    try {
      MaterializedResult result = trino.execute(sql);
      ArrayNode types = out.putArray("types"), names = out.putArray("names"), rows = out.putArray("rows");
      for (Type type : result.getTypes()) types.add(type.getDisplayName());
      for (String name : result.getColumnNames()) names.add(name);
      for (MaterializedRow row : result.getMaterializedRows()) {
        ArrayNode values = rows.addArray();
        for (int i = 0; i < row.getFieldCount(); i++) values.add(text(result.getTypes().get(i), row.getField(i)));
      }
    } catch (Throwable thrown) {  // an AssertionError of Trino's own is an answer as well
      Throwable error = told(thrown);
      out.removeAll();
      out.put("sql", sql);
      out.put("error", String.valueOf(error.getMessage()));
      if (error instanceof TrinoException trinos) out.put("code", trinos.getErrorCode().getName());
      else out.put("code", error instanceof ParsingException ? "SYNTAX_ERROR" : error.getClass().getName());
    }
  }

  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    LocalQueryRunner trino = LocalQueryRunner.create(TestingSession.testSessionBuilder()
        .setTimeZoneKey(TimeZoneKey.UTC_KEY).setCatalog(Optional.empty()).setSchema(Optional.empty()).build());
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(arguments[1])))) {
      for (String line : Files.readAllLines(Path.of(arguments[0]))) {
        String sql = json.readValue(line, String.class);
        ObjectNode answer = json.createObjectNode().put("sql", sql);
        answer(trino, sql, answer);
        out.println(json.writeValueAsString(answer));
      }
    }
    System.exit(0);  // its threads would stay
  }
}

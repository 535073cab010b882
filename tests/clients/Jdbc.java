// What test_jdbc.py runs with each driver: one line of output per answer, so that the test compares text.
import java.math.BigDecimal;
import java.sql.*;
import java.util.Arrays;
import java.util.Properties;

public class Jdbc {
  static Connection connection;
  static Statement statement;

  interface Step {
    void run() throws SQLException;
  }

  static void refused(Step step) throws SQLException {
    try {
      step.run();
      System.out.println("not refused");
    } catch (SQLException error) {
      System.out.println(error.getSQLState());
    }
  }

  static void rows(ResultSet result) throws SQLException {
    final int columns = result.getMetaData().getColumnCount();
    while (result.next()) {
      StringBuilder line = new StringBuilder();
      for (int i = 1; i <= columns; ++i) line.append(i > 1 ? "|" : "").append(result.getString(i));
      System.out.println(line);
    }
    result.close();
  }

  static void rows(String sql) throws SQLException {
    rows(statement.executeQuery(sql));
  }

  static void types(String table) throws SQLException {
    statement.execute("create table " + table + " (id int, i2 smallint, i8 bigint, n numeric(12,3), x float8, b boolean,"
        + " v varchar(30), d date, t time, ts timestamp, tz timestamptz)");
    final PreparedStatement insert = connection.prepareStatement("insert into " + table + " values (?,?,?,?,?,?,?,?,?,?,?)");
    insert.setInt(1, 1);
    insert.setShort(2, (short) -2);
    insert.setLong(3, 1L << 40);
    insert.setBigDecimal(4, new BigDecimal("12345.678"));
    insert.setDouble(5, 2.25);
    insert.setBoolean(6, true);
    insert.setString(7, "O'Brien \\");
    insert.setDate(8, Date.valueOf("2024-02-29"));
    insert.setTime(9, Time.valueOf("12:34:56"));
    insert.setTimestamp(10, Timestamp.valueOf("2024-01-02 03:04:05.678"));
    insert.setObject(11, java.time.OffsetDateTime.parse("2024-01-02T03:04:05+02:00"));
    System.out.println(insert.executeUpdate());
    final int[] kinds = {Types.INTEGER, Types.SMALLINT, Types.BIGINT, Types.NUMERIC, Types.DOUBLE, Types.BOOLEAN,
        Types.VARCHAR, Types.DATE, Types.TIME, Types.TIMESTAMP, Types.TIMESTAMP_WITH_TIMEZONE};
    insert.setInt(1, 2);
    for (int i = 1; i < kinds.length; ++i) insert.setNull(i + 1, kinds[i]);
    System.out.println(insert.executeUpdate());
    rows("select id, i2, i8, n, x, v, d, t, ts, tz at time zone 'UTC' from " + table + " order by id");
    final PreparedStatement select = connection.prepareStatement("select id from " + table + " where d = ? and n = ? and b = ?");
    for (int i = 0; i < 7; ++i) {  // drivers change to prepared statements, and PostgreSQL's to binary values, at the fifth
      select.setDate(1, Date.valueOf("2024-02-29"));
      select.setBigDecimal(2, new BigDecimal("12345.678"));
      select.setBoolean(3, true);
      rows(select.executeQuery());
    }
  }

  static void batches(String table) throws SQLException {
    statement.execute("create table " + table + " (id int, name varchar(20))");
    final PreparedStatement insert = connection.prepareStatement("insert into " + table + " values (?, ?)");
    for (int i = 0; i < 250; ++i) {
      insert.setInt(1, i);
      insert.setString(2, "n" + i);
      insert.addBatch();
    }
    System.out.println(insert.executeBatch().length);
    statement.addBatch("update " + table + " set name = 'x' where id < 3");
    statement.addBatch("delete from " + table + " where id = 0");
    System.out.println(Arrays.toString(statement.executeBatch()));
    rows("select count(*), min(id) from " + table);
  }

  static void transactions(String table) throws SQLException {
    connection.setAutoCommit(false);
    statement.execute("delete from " + table);
    connection.rollback();
    rows("select count(*) from " + table);
    connection.commit();
    refused(() -> statement.execute("select * from nosuch_table"));
    refused(() -> statement.execute("select 1"));
    connection.rollback();
    final Statement parts = connection.createStatement();
    parts.setFetchSize(50);
    final ResultSet result = parts.executeQuery("select id from " + table + " order by id");
    int count = 0;
    while (result.next()) {
      if (++count == 1) rows("select 'between'");
    }
    System.out.println(count);
    connection.commit();
    refused(() -> connection.setSavepoint("s"));  // AWS: Redshift has none
    connection.rollback();
    connection.setAutoCommit(true);
  }

  static void errors() throws SQLException {
    for (String sql : new String[] {"selec 1", "select nocol from pg_tables", "select 1/0", "select 'a'::int", "select nofunc(1)"})
      refused(() -> statement.execute(sql));
    final String endless = "with recursive r(n) as (select 1 union all select n + 1 from r where n < 1500)"
        + " select count(*) from r a, r b, r c, r d";
    statement.setQueryTimeout(1);
    refused(() -> statement.executeQuery(endless));
    statement.setQueryTimeout(0);
    rows("select 'alive'");
  }

  static void metadata(String table) throws SQLException {
    final DatabaseMetaData about = connection.getMetaData();
    final ResultSet found = about.getTables(null, "public", table, new String[] {"TABLE"});
    while (found.next()) System.out.println(found.getString("TABLE_SCHEM") + "." + found.getString("TABLE_NAME").equals(table));
    final ResultSetMetaData columns = statement.executeQuery("select id, name as label from " + table).getMetaData();
    for (int i = 1; i <= columns.getColumnCount(); ++i)
      System.out.println(columns.getColumnLabel(i) + " " + columns.getColumnTypeName(i) + " " + columns.getColumnDisplaySize(i));
    final ResultSet every = about.getColumns(null, "public", table, null);
    while (every.next())
      System.out.println(every.getString("COLUMN_NAME") + " " + every.getInt("DATA_TYPE") + " " + every.getInt("COLUMN_SIZE"));
    System.out.println(connection.getCatalog() + " " + connection.isValid(5));
  }

  // url table name=value..
  static Connection connect(String[] arguments) throws SQLException {
    final Properties properties = new Properties();
    for (int i = 2; i < arguments.length; ++i) {
      final String[] pair = arguments[i].split("=", 2);
      properties.setProperty(pair[0], pair[1]);
    }
    return DriverManager.getConnection(arguments[0], properties);
  }

  public static void main(String[] arguments) throws SQLException {
    connection = connect(arguments);
    statement = connection.createStatement();
    final String table = arguments[1];
    if (table.equals("-")) {
      rows("select current_user, current_database()");
      return;
    }
    types(table + "_t");
    batches(table);
    transactions(table);
    errors();
    metadata(table);
  }
}

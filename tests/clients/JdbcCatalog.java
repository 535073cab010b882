// What test_jdbc.py runs with each driver: the questions that DBeaver, DataGrip and BI tools ask a database about itself.
import java.sql.*;

public class JdbcCatalog {
  static Connection connection;
  static Statement statement;

  // The rows' values of those columns, one line each, behind the question's name.
  static void rows(String question, ResultSet result, String... columns) throws SQLException {
    while (result.next()) {
      final StringBuilder line = new StringBuilder(question);
      for (String column : columns) line.append(' ').append(result.getString(column));
      System.out.println(line);
    }
    result.close();
  }

  static boolean has(ResultSet result, String column, String value) throws SQLException {
    boolean found = false;
    while (result.next()) found |= value.equals(result.getString(column));
    result.close();
    return found;
  }

  static void make(String schema) throws SQLException {
    for (String sql : new String[] {
        "create schema " + schema,
        "create table " + schema + ".parents (id int not null, code varchar(10) not null, name varchar(20) unique, primary key (id, code))",
        "create table " + schema + ".children (n bigint identity(1,1) primary key, parent int, code varchar(10) default 'x',"
            + " amount numeric(9,2), day date, foreign key (parent, code) references " + schema + ".parents (id, code))",
        "create view " + schema + ".amounts as select amount from " + schema + ".children",
        "create procedure " + schema + ".swaps(a int, b inout varchar(20)) as $$ begin b := b || a; end; $$ language plpgsql",
        "create procedure " + schema + ".does(a int) as $$ begin execute 'insert into " + schema + ".parents values (' || a || ', 0, 0)';"
            + " end; $$ language plpgsql",
        "create function " + schema + ".adds(int, int) returns bigint stable as $$ select $1 + $2 $$ language sql"})
      statement.execute(sql);
  }

  static void names(DatabaseMetaData about, String schema) throws SQLException {
    System.out.println(has(about.getSchemas(), "TABLE_SCHEM", schema) + " " + has(about.getCatalogs(), "TABLE_CAT", "dev"));
    rows("schema", about.getSchemas(null, schema), "TABLE_SCHEM");
    rows("table", about.getTables(null, schema, "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME", "TABLE_TYPE");
    rows("column", about.getColumns(null, schema, "children", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE",
        "DECIMAL_DIGITS", "IS_NULLABLE", "ORDINAL_POSITION");
    System.out.println("anywhere " + has(about.getColumns(null, null, "children", "amount"), "TABLE_NAME", "children"));
    System.out.println(has(about.getTypeInfo(), "TYPE_NAME", "varchar") + " " + (about.getMaxColumnNameLength() > 30));
    rows("privilege", about.getTablePrivileges(null, schema, "none"), "PRIVILEGE");
    rows("version", about.getVersionColumns(null, schema, "parents"), "COLUMN_NAME");
  }

  static void keys(DatabaseMetaData about, String schema) throws SQLException {
    rows("primary", about.getPrimaryKeys(null, schema, "parents"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME");
    final String[] foreign = {"PKTABLE_NAME", "PKCOLUMN_NAME", "FKTABLE_NAME", "FKCOLUMN_NAME", "KEY_SEQ"};
    rows("imported", about.getImportedKeys(null, schema, "children"), foreign);
    rows("exported", about.getExportedKeys(null, schema, "parents"), foreign);
    rows("crossed", about.getCrossReference(null, schema, "parents", null, schema, "children"), foreign);
    rows("index", about.getIndexInfo(null, schema, "children", true, true), "COLUMN_NAME", "NON_UNIQUE");
    rows("row", about.getBestRowIdentifier(null, schema, "children", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME");
  }

  static void routines(DatabaseMetaData about, String schema) throws SQLException {
    rows("procedure", about.getProcedures(null, schema, "%"), "PROCEDURE_NAME");
    rows("argument", about.getProcedureColumns(null, schema, "swaps", "%"), "COLUMN_NAME", "COLUMN_TYPE", "TYPE_NAME");
    rows("function", about.getFunctions(null, schema, "adds"), "FUNCTION_NAME");
    rows("parameter", about.getFunctionColumns(null, schema, "adds", "%"), "TYPE_NAME");
  }

  static void statements(String schema) throws SQLException {
    final ResultSetMetaData columns =
        statement.executeQuery("select c.parent, c.amount as what, 1 + 1 as made from " + schema + ".children c").getMetaData();
    for (int i = 1; i <= columns.getColumnCount(); ++i) System.out.println("source " + columns.getTableName(i));
    final PreparedStatement select =
        connection.prepareStatement("select n from " + schema + ".children where parent = ? and day > ? and code = ? and amount in (?)");
    final ParameterMetaData parameters = select.getParameterMetaData();
    for (int i = 1; i <= parameters.getParameterCount(); ++i) System.out.println("takes " + parameters.getParameterTypeName(i));
    final PreparedStatement insert = connection.prepareStatement("insert into " + schema + ".children (parent, day) values (?, ?)");
    System.out.println("takes " + insert.getParameterMetaData().getParameterTypeName(1) + " "
        + insert.getParameterMetaData().getParameterTypeName(2));
    // PostgreSQL's driver writes {call ..} as SELECT for a server of this age, which AWS refuses too.
    final boolean amazon = connection.getMetaData().getDriverName().contains("Redshift");
    final PreparedStatement does = amazon ? connection.prepareCall("{call " + schema + ".does(?)}")
                                          : connection.prepareStatement("call " + schema + ".does(?)");
    does.setInt(1, 5);
    does.execute();
    rows("done", statement.executeQuery("select id from " + schema + ".parents"), "id");
    final PreparedStatement swaps = connection.prepareStatement("call " + schema + ".swaps(?, ?)");
    swaps.setInt(1, 5);
    swaps.setString(2, "b");
    rows("swapped", swaps.executeQuery(), "b");
    for (int level : new int[] {Connection.TRANSACTION_SERIALIZABLE, Connection.TRANSACTION_READ_COMMITTED})
      connection.setTransactionIsolation(level);
    final Statement changing = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
    final ResultSet row = changing.executeQuery("select id, code, name from " + schema + ".parents");
    row.next();
    row.updateString("name", "changed");
    row.updateRow();
    rows("changed", statement.executeQuery("select name from " + schema + ".parents"), "name");
  }

  // url schema name=value..
  public static void main(String[] arguments) throws SQLException {
    connection = Jdbc.connect(arguments);
    statement = connection.createStatement();
    final String schema = arguments[1];
    make(schema);
    names(connection.getMetaData(), schema);
    keys(connection.getMetaData(), schema);
    routines(connection.getMetaData(), schema);
    statements(schema);
  }
}

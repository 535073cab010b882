-- How many records the month has, and how many of them are ours: names with their database work too.
SELECT COUNT(*) FROM dev.redshift_spectrum.occurrence_{{month}}_parquet;
SELECT COUNT(*) FROM dev.public.specnet_{{month}};

-- What is in the schema by now, and since when.
SELECT TRIM(pg_namespace.nspname) AS schema_name, TRIM(relname) AS table_name, relcreationtime
FROM pg_class_info LEFT JOIN pg_namespace ON pg_class_info.relnamespace = pg_namespace.oid
WHERE reltype != 0 AND schema_name = 'public'
ORDER BY table_name;

-- Once only (a second time is an error): the schema through which Redshift sees the Glue database "dev".
CREATE EXTERNAL SCHEMA redshift_spectrum
    FROM DATA CATALOG
    DATABASE dev
    IAM_ROLE '{{role_arn}}'
    CREATE EXTERNAL DATABASE IF NOT EXISTS;

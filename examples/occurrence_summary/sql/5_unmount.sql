-- The files stay; only the mount goes.
DROP TABLE redshift_spectrum.occurrence_{{month}}_parquet;

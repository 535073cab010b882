-- Counts by dataset and by species in dataset, as tables and as Parquet in S3.
-- {{month}} is 2024_11_01, {{previous}} the month before, {{summary}} s3://bucket/summary/

DROP TABLE IF EXISTS public.dataset_counts_{{previous}};
DROP TABLE IF EXISTS public.dataset_lists_{{previous}};
DROP TABLE IF EXISTS public.dataset_counts_{{month}};
DROP TABLE IF EXISTS public.dataset_lists_{{month}};

CREATE TABLE public.dataset_counts_{{month}} AS
SELECT datasetkey, COUNT(*) AS occ_count, COUNT(DISTINCT species) AS species_count
FROM public.specnet_{{month}}
GROUP BY datasetkey;

CREATE TABLE public.dataset_lists_{{month}} AS
SELECT datasetkey, taxonkey, species, COUNT(*) AS occ_count
FROM public.specnet_{{month}}
GROUP BY datasetkey, taxonkey, species;

-- One file each: PARALLEL OFF makes the object <prefix>000.parquet.
UNLOAD ('SELECT * FROM public.dataset_counts_{{month}} ORDER BY datasetkey')
    TO '{{summary}}dataset_counts_{{month}}_'
    IAM_ROLE DEFAULT
    FORMAT AS PARQUET
    PARALLEL OFF;

UNLOAD ('SELECT * FROM public.dataset_lists_{{month}} ORDER BY datasetkey, taxonkey')
    TO '{{summary}}dataset_lists_{{month}}_'
    IAM_ROLE DEFAULT
    FORMAT AS PARQUET
    PARALLEL OFF;

-- As text, with a header row:
-- UNLOAD ('SELECT * FROM public.dataset_lists_{{month}}') TO '{{summary}}dataset_lists_{{month}}_'
--     IAM_ROLE DEFAULT CSV DELIMITER AS '\t' HEADER PARALLEL OFF;
-- A folder for each dataset:
-- UNLOAD ('SELECT * FROM public.dataset_lists_{{month}}') TO '{{summary}}dataset_lists_{{month}}/'
--     IAM_ROLE DEFAULT FORMAT AS PARQUET PARTITION BY (datasetkey);
-- In files of at most a gigabyte:
-- UNLOAD ('SELECT * FROM public.dataset_lists_{{month}}') TO '{{summary}}dataset_lists_{{month}}_'
--     IAM_ROLE DEFAULT FORMAT AS PARQUET PARALLEL OFF MAXFILESIZE 1 gb;

-- Copies what we work on, located observations of species and below, from the mounted month into Redshift.
-- {{month}} is 2024_11_01, {{previous}} the month before.

DROP TABLE IF EXISTS public.specnet_{{previous}};
DROP TABLE IF EXISTS public.specnet_{{month}};

CREATE TABLE public.specnet_{{month}} AS
SELECT gbifid, datasetkey, species, taxonrank, scientificname, countrycode, stateprovince, occurrencestatus,
       publishingorgkey, day, month, year, taxonkey, specieskey, basisofrecord, decimallongitude, decimallatitude,
       ST_MakePoint(decimallongitude, decimallatitude) AS geom
FROM redshift_spectrum.occurrence_{{month}}_parquet
WHERE decimallatitude IS NOT NULL
  AND decimallongitude IS NOT NULL
  AND taxonrank IN ('SPECIES', 'SUBSPECIES', 'VARIETY', 'FORM', 'INFRASPECIFIC_NAME', 'INFRASUBSPECIFIC_NAME')
  AND basisofrecord IN ('HUMAN_OBSERVATION', 'OBSERVATION', 'OCCURRENCE', 'MATERIAL_SAMPLE', 'PRESERVED_SPECIMEN',
                        'MATERIAL_CITATION')
  AND occurrencestatus = 'PRESENT';

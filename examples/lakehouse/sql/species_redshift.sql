-- The same question, as Redshift asks it.
SELECT species,
       COUNT(*) AS records,
       COUNT(DISTINCT datasetkey) AS datasets,
       ROUND(AVG(decimallatitude), 4) AS mean_latitude
FROM lakehouse.{{occurrences}}
WHERE species IS NOT NULL
  AND decimallatitude IS NOT NULL
GROUP BY species
ORDER BY records DESC, species
LIMIT 10

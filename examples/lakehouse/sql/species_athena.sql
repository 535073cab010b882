-- How many located records each species has, and from how many datasets: the most frequent first.
SELECT species,
       count(*) AS records,
       count(DISTINCT datasetkey) AS datasets,
       round(avg(decimallatitude), 4) AS mean_latitude
FROM "{{database}}"."{{occurrences}}"
WHERE species IS NOT NULL
  AND decimallatitude IS NOT NULL
GROUP BY species
ORDER BY records DESC, species
LIMIT 10

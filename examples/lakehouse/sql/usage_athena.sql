-- Use of the library's electronic resources by kind of use, in the second half of 2019.
SELECT metric_type,
       sum(usage_count) AS uses,
       count(DISTINCT resource_name) AS resources
FROM "{{database}}"."{{usage}}"
WHERE usage_date BETWEEN timestamp '2019-07-01' AND timestamp '2019-12-31'
GROUP BY metric_type
ORDER BY metric_type

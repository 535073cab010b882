-- The same question: Redshift compares a timestamp with a text.
SELECT metric_type,
       SUM(usage_count) AS uses,
       COUNT(DISTINCT resource_name) AS resources
FROM lakehouse.{{usage}}
WHERE usage_date BETWEEN '2019-07-01' AND '2019-12-31'
GROUP BY metric_type
ORDER BY metric_type

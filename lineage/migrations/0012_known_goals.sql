-- The goals of the metrics that pipe itself has made so far. They are named
-- METRIC, DATA_SET.METRIC and METRIC[CLASS]; names of data sets have no dots. Of
-- metrics that commands have written nobody knows. It is also applied to rows
-- that come with bundles of before, and does nothing where goals are known.
UPDATE metrics SET goal = (
  WITH
  whole (name) AS (SELECT CASE instr(metrics.name, '[') WHEN 0 THEN metrics.name ELSE substr(metrics.name, 1, instr(metrics.name, '[') - 1) END),
  base (name) AS (SELECT substr(name, instr(name, '.') + 1) FROM whole)
  SELECT CASE
    WHEN name IN ('loss', 'log_loss', 'brier', 'ece', 'mce', 'rmse', 'mae', 'mse', 'median_ae', 'mape', 'smape', 'max_error') THEN 'down'
    WHEN name IN ('accuracy', 'balanced_accuracy', 'precision', 'recall', 'f1', 'macro_precision', 'macro_recall', 'macro_f1',
      'weighted_precision', 'weighted_recall', 'weighted_f1', 'micro_precision', 'micro_recall', 'micro_f1', 'roc_auc', 'average_precision',
      'mcc', 'kappa', 'top_2_accuracy', 'top_3_accuracy', 'top_5_accuracy', 'r2') THEN 'up'
  END FROM base)
WHERE goal IS NULL AND execution_id IN (SELECT id FROM executions WHERE kind IN ('evaluate', 'train'));

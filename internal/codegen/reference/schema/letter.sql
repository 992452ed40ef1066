-- The words of a letter, those of its subject first.
ALTER TABLE core.letters ADD COLUMN words tsvector
  GENERATED ALWAYS AS (setweight(to_tsvector('english', subject), 'A') || setweight(to_tsvector('english', body), 'B')) STORED;

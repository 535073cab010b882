-- Dates as parts of table names. CREATE OR REPLACE: run as often as you like.

-- The year we are in: a date given where text is wanted.
CREATE OR REPLACE FUNCTION f_current_year() RETURNS VARCHAR STABLE AS $$
    SELECT SPLIT_PART(CURRENT_DATE, '-', 1)
$$ LANGUAGE sql;

-- 2024_03_01 -> 2024_02_01
CREATE OR REPLACE PROCEDURE p_previous_month(IN this_month VARCHAR, OUT previous VARCHAR) AS $$
DECLARE
    yr VARCHAR;
    mo VARCHAR;
BEGIN
    SELECT INTO yr SPLIT_PART(this_month, '_', 1);
    SELECT INTO mo SPLIT_PART(this_month, '_', 2);
    DECLARE
        before INT;
    BEGIN
        IF mo = 1 THEN
            yr := yr::INT - 1;
            mo := '12';
        ELSE
            before := mo::INT - 1;
            mo := before;
            IF mo < 10 THEN
                SELECT INTO mo '0' || mo;
            END IF;
        END IF;
    END;
    previous := yr || '_' || mo || '_01';
END;
$$ LANGUAGE plpgsql;

-- How many records of one kind a month's subset has.
CREATE OR REPLACE PROCEDURE p_count_basis(IN this_month VARCHAR, IN basis VARCHAR, OUT records VARCHAR) AS $$
DECLARE
    command VARCHAR(1000);
    number BIGINT;
BEGIN
    command := 'SELECT COUNT(*) FROM public.specnet_' || this_month || ' WHERE basisofrecord = \'' || basis || '\'';
    EXECUTE command INTO number;
    records := number;
END;
$$ LANGUAGE plpgsql;

CREATE TABLE {schema}.facts (
    sequence    bigint PRIMARY KEY,
    at          bigint NOT NULL,
    release     text   NOT NULL,
    kind        text   NOT NULL,
    environment text,
    tag         text,
    json        text   NOT NULL,
    hash        bytea  NOT NULL CHECK (octet_length(hash) = 32),
    -- By which a writer that lost its connection knows its fact again.
    mark        text   NOT NULL UNIQUE
);
CREATE INDEX facts_by_release ON {schema}.facts (release, sequence);
CREATE INDEX facts_by_environment ON {schema}.facts (environment, sequence) WHERE environment IS NOT NULL;
CREATE INDEX facts_by_tag ON {schema}.facts (tag, sequence) WHERE tag IS NOT NULL;
CREATE INDEX openings ON {schema}.facts (sequence) WHERE kind = 'opened';
CREATE INDEX deployments ON {schema}.facts (environment, sequence) WHERE kind = 'deployed';
CREATE INDEX decisions ON {schema}.facts (sequence)
    WHERE kind IN ('tags-derived', 'decided', 'tags-shadowed', 'shadowed');

CREATE TABLE {schema}.head (
    one      integer PRIMARY KEY CHECK (one = 1),
    sequence bigint  NOT NULL,
    hash     bytea   NOT NULL CHECK (octet_length(hash) = 32)
);
INSERT INTO {schema}.head VALUES (1, 0, decode(repeat('00', 32), 'hex'));

-- Who holds a lease, or held it when it died. The lease itself is an advisory lock of the holder's session.
CREATE TABLE {schema}.leases (
    scope  text PRIMARY KEY,
    mark   text NOT NULL,
    holder text NOT NULL,
    since  timestamptz NOT NULL
);

CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'facts are only added: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER facts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.facts
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();
CREATE TRIGGER the_head_stays BEFORE DELETE OR TRUNCATE ON {schema}.head
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();

CREATE FUNCTION {schema}.check_end() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NEW.sequence IS DISTINCT FROM (SELECT head.sequence + 1 FROM head) THEN
        RAISE EXCEPTION 'facts are added at the end';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER facts_are_added_at_the_end BEFORE INSERT ON {schema}.facts
    FOR EACH ROW EXECUTE FUNCTION {schema}.check_end();

CREATE FUNCTION {schema}.check_advance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence IS DISTINCT FROM OLD.sequence + 1 OR NEW.one <> OLD.one THEN
        RAISE EXCEPTION 'the head only advances';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER the_head_only_advances BEFORE UPDATE ON {schema}.head
    FOR EACH ROW EXECUTE FUNCTION {schema}.check_advance();

-- A text as the chain frames it: its length in bytes, then its bytes.
CREATE FUNCTION {schema}.framed(part text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT int8send(octet_length(convert_to(part, 'UTF8'))) || convert_to(part, 'UTF8')
$$;

-- Adds a fact at the end and answers with its place. A call that is made again answers the same. With another number of
-- steps than the writer expects nothing is written, and the place is null.
CREATE FUNCTION {schema}.append(
    new_mark text, new_release text, expected bigint, given text[], new_at bigint, new_kind text,
    new_environment text, new_tag text, new_json text, OUT place bigint, OUT steps bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    last record;
    new_hash bytea;
BEGIN
    SELECT head.sequence, head.hash INTO STRICT last FROM head FOR UPDATE;
    SELECT facts.sequence INTO place FROM facts WHERE facts.mark = new_mark;
    IF place IS NOT NULL THEN
        RETURN;
    END IF;
    IF expected IS NOT NULL THEN
        SELECT count(*) INTO steps FROM facts
            WHERE facts.release = new_release AND NOT facts.kind = ANY (given);
        IF steps <> expected THEN
            RETURN;
        END IF;
    END IF;
    place := last.sequence + 1;
    new_hash := sha256(
        last.hash || int8send(place) || int8send(new_at)
        || {schema}.framed(new_release) || {schema}.framed(new_json));
    INSERT INTO facts VALUES
        (place, new_at, new_release, new_kind, new_environment, new_tag, new_json, new_hash, new_mark);
    UPDATE head SET sequence = place, hash = new_hash;
END $$;

-- Takes a lease for the session, and says who has it otherwise.
CREATE FUNCTION {schema}.take_lease(
    wanted text, key bigint, new_mark text, new_holder text, OUT taken boolean, OUT other text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    taken := pg_try_advisory_lock(key);
    IF taken THEN
        INSERT INTO leases VALUES (wanted, new_mark, new_holder, now())
        ON CONFLICT (scope) DO UPDATE
            SET mark = excluded.mark, holder = excluded.holder, since = excluded.since;
    ELSE
        SELECT leases.holder INTO other FROM leases WHERE leases.scope = wanted;
    END IF;
END $$;

-- Takes a lease again that an earlier session of the same holder had: `held` when nobody had it in between, `lost` when
-- somebody did, `waits` while the earlier session is not yet gone.
CREATE FUNCTION {schema}.retake_lease(wanted text, key bigint, old_mark text, OUT standing text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    taken boolean := pg_try_advisory_lock(key);
    ours boolean := EXISTS (SELECT FROM leases WHERE leases.scope = wanted AND leases.mark = old_mark);
BEGIN
    IF taken AND NOT ours THEN
        PERFORM pg_advisory_unlock(key);
    END IF;
    standing := CASE WHEN NOT ours THEN 'lost' WHEN taken THEN 'held' ELSE 'waits' END;
END $$;

CREATE FUNCTION {schema}.give_lease_back(wanted text, key bigint, old_mark text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    DELETE FROM leases WHERE leases.scope = wanted AND leases.mark = old_mark;
    PERFORM pg_advisory_unlock(key);
END $$;

-- Functions are everybody's unless taken away.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;

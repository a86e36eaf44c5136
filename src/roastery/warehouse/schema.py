"""The fixed tables of an organization's file: what landed (raw) and what the warehouse knows of itself (meta)."""

SCHEMA_VERSION = 6

TABLES = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS meta;
CREATE SCHEMA IF NOT EXISTS work;
CREATE SCHEMA IF NOT EXISTS curated;
CREATE SCHEMA IF NOT EXISTS published;
CREATE SCHEMA IF NOT EXISTS delta;

CREATE TABLE IF NOT EXISTS raw.records (
    seq BIGINT NOT NULL, batch_id VARCHAR NOT NULL, connection_id VARCHAR NOT NULL, source VARCHAR NOT NULL,
    resource VARCHAR NOT NULL, key VARCHAR NOT NULL, partition_scope VARCHAR, partition_day DATE, read_id VARCHAR,
    deleted BOOLEAN NOT NULL, payload JSON USING COMPRESSION zstd NOT NULL, landed_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS raw.reads (
    connection_id VARCHAR NOT NULL, resource VARCHAR NOT NULL, partition_scope VARCHAR NOT NULL,
    partition_day DATE NOT NULL, read_id VARCHAR NOT NULL, seq BIGINT NOT NULL);

CREATE TABLE IF NOT EXISTS meta.file (schema_version INTEGER NOT NULL, organization_id VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS meta.sequence (last_seq BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS meta.cursors (
    connection_id VARCHAR NOT NULL, resource VARCHAR NOT NULL, state JSON NOT NULL, updated_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS meta.sources (
    connection_id VARCHAR NOT NULL, source VARCHAR NOT NULL, resource VARCHAR NOT NULL, last_success_at TIMESTAMPTZ,
    data_as_of TIMESTAMPTZ, complete_through DATE, history_since DATE);
CREATE TABLE IF NOT EXISTS meta.suppressions (hash VARCHAR NOT NULL, added_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS meta.erasures (erasure_id VARCHAR NOT NULL, erased_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS meta.compacted (erasure_id VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS meta.retention (dataset VARCHAR NOT NULL, before DATE NOT NULL);
ALTER TABLE meta.retention ADD COLUMN IF NOT EXISTS before_at TIMESTAMPTZ;
CREATE TABLE IF NOT EXISTS meta.addresses (hash VARCHAR NOT NULL, is_role BOOLEAN NOT NULL, mailbox VARCHAR);
CREATE TABLE IF NOT EXISTS meta.quarantine (
    batch_id VARCHAR, contract VARCHAR NOT NULL, source VARCHAR NOT NULL, row_number BIGINT, column_name VARCHAR,
    message VARCHAR NOT NULL, record JSON, noted_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS meta.builds (
    build_number BIGINT NOT NULL, built_at TIMESTAMPTZ NOT NULL, seconds DECIMAL(18,3), is_full BOOLEAN NOT NULL,
    last_seq BIGINT NOT NULL, digest VARCHAR NOT NULL, settings JSON NOT NULL, built_on DATE NOT NULL, tables JSON);
CREATE TABLE IF NOT EXISTS meta.signatures (table_name VARCHAR NOT NULL, signature VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS meta.campaign_names (campaign_id VARCHAR, platform VARCHAR, campaign_name VARCHAR);
ALTER TABLE meta.builds ADD COLUMN IF NOT EXISTS derived_build BIGINT;
CREATE TABLE IF NOT EXISTS meta.pending (table_name VARCHAR NOT NULL, how VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS meta.layers (
    contract VARCHAR NOT NULL, rank INTEGER NOT NULL, connection_id VARCHAR NOT NULL, source VARCHAR NOT NULL,
    resource VARCHAR NOT NULL, fill_no INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS meta.predictions (
    customer_id VARCHAR NOT NULL, acquired_on DATE NOT NULL, to_date DECIMAL(18,6), expected DECIMAL(18,6),
    currency VARCHAR NOT NULL, as_of DATE NOT NULL);
CREATE TABLE IF NOT EXISTS meta.reported (
    platform VARCHAR NOT NULL, account_id VARCHAR NOT NULL, campaign_id VARCHAR NOT NULL, report_date DATE NOT NULL,
    seen_on DATE NOT NULL, currency VARCHAR, reported_conversions DECIMAL(18,6),
    reported_conversion_value DECIMAL(18,6));
CREATE TABLE IF NOT EXISTS meta.several (contract VARCHAR NOT NULL, key_hash UBIGINT NOT NULL);
"""
"""meta.suppressions: keyed hashes of forgotten people, which landing obeys; meta.erasures: the erasures that this file
has seen, and meta.compacted those whose bytes are gone too; meta.retention: days before which rows of a dataset are
gone. meta.addresses: what sealing noticed of e-mail hashes (a desk's, another spelling of a Gmail mailbox).
meta.layers: what filled each contract when it was last folded whole, weakest first (fill_no -1: imports);
meta.predictions: the last forecast, by customer.
meta.reported: what ad platforms said of a day, by the day on which they said it (restating.py).
meta.several: hashes of keys with rows from several records. meta.pending and delta: what is built so far but not
yet derived from. work holds what the build passes from step to step, curated what is asked, published the wrappers
of user SQL."""

-- The event tables, to the letter of Marten 9 (string stream identity, conjoined tenancy, headers, correlation and causation):
-- a .NET team opens this database with Marten and reads the streams. No column and no index of ours may be added here.
-- The foreign key of mt_events on mt_streams is left out on purpose: see docs/adr/0005.

create table ledger.mt_streams (
    tenant_id   varchar     not null default '*DEFAULT*',
    id          varchar     not null,
    type        varchar,
    version     bigint,
    timestamp   timestamptz not null default now(),
    created     timestamptz not null default now(),
    is_archived boolean     default false,
    constraint pkey_mt_streams_tenant_id_id primary key (tenant_id, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create table ledger.mt_events (
    seq_id         bigint       not null,
    id             uuid         not null,
    stream_id      varchar,
    version        bigint       not null,
    data           jsonb        not null,
    bdata          bytea,
    type           varchar(500) not null,
    timestamp      timestamptz  not null default now(),
    tenant_id      varchar      default '*DEFAULT*',
    mt_dotnet_type varchar,
    correlation_id varchar,
    causation_id   varchar,
    headers        jsonb,
    is_archived    boolean      default false,
    constraint pkey_mt_events_seq_id primary key (seq_id)
);

create sequence ledger.mt_events_sequence owned by ledger.mt_events.seq_id;

create unique index pk_mt_events_stream_and_version on ledger.mt_events (tenant_id, stream_id, version);

create table ledger.mt_event_progression (
    name         varchar constraint pk_mt_event_progression primary key,
    last_seq_id  bigint,
    last_updated timestamptz default transaction_timestamp()
);

create table ledger.mt_high_water_skips (
    ending_sequence   bigint constraint pkey_mt_high_water_skips_ending_sequence primary key,
    starting_sequence bigint,
    timestamp         timestamptz default transaction_timestamp()
);

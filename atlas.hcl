// Lets any edition of the Atlas CLI plan, apply and inspect what `make migration` and `server migrate` do without it:
//
//   lockstep scratch -- atlas migrate diff add_projects --env local
//   atlas migrate status --env local        (LOCKSTEP_MIGRATE_DATABASE_URL names the database)
//
// The desired state is plain SQL because every edition and version of the CLI reads that. Row-level security, policies and
// grants are not among the things the CLI inspects: after planning with it, `lockstep migrate verify` names what is missing.

env "local" {
  src = "file://ent/schema.sql"
  dev = getenv("LOCKSTEP_SCRATCH_URL")
  url = getenv("LOCKSTEP_MIGRATE_DATABASE_URL")
  migration {
    dir = "file://migrations"
  }
  format {
    migrate {
      diff = "{{ sql . \"  \" }}"
    }
  }
}

env "ci" {
  src = "file://ent/schema.sql"
  dev = getenv("LOCKSTEP_SCRATCH_URL")
  url = getenv("LOCKSTEP_MIGRATE_DATABASE_URL")
  migration {
    dir = "file://migrations"
  }
  format {
    migrate {
      diff = "{{ sql . \"  \" }}"
    }
  }
}

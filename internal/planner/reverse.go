package planner

import (
	"context"
	"fmt"
	"os"
	"path"

	"github.com/lockstep-dev/lockstep/internal/migrate"
)

// Reverse computes the reverses that are missing, as the Atlas CLI and hands leave them, by comparing the states around
// each migration, proves them with rows, and writes them. It returns the paths of what it wrote. What the comparison cannot
// see, such as rows a migration changed, it cannot undo: the files are for reading.
func Reverse(ctx context.Context, o Options) (written, warnings []string, err error) {
	o = o.withDefaults()
	dir, err := o.read()
	if err != nil {
		return nil, nil, err
	}
	files, err := readFiles(o.Migrations)
	if err != nil {
		return nil, nil, err
	}
	d, err := open(ctx, o.Scratch)
	if err != nil {
		return nil, nil, err
	}
	defer d.close()
	if d.samples, err = readSamples(o.Schema); err != nil {
		return nil, nil, err
	}
	var names []string
	for i := range dir.Migrations {
		m := &dir.Migrations[i]
		if _, err := d.comply(ctx, m); err != nil {
			return nil, nil, err
		}
		missing := m.Up.Irreversible == "" && (m.Down == nil || len(m.Down.Statements) == 0)
		var before snapshot
		var rows content
		if missing {
			if before, err = d.snapshot(ctx); err != nil {
				return nil, nil, err
			}
			if rows, err = d.rows(ctx); err != nil {
				return nil, nil, err
			}
		}
		if unproven, err := d.upDespiteRows(ctx, migrate.Options{Read: dir, URL: d.url, To: m.Version}); unproven != "" {
			rows = content{}
		} else if err != nil {
			return nil, nil, fmt.Errorf("replay the migrations: %w", err)
		}
		if missing {
			done := o.step("reverse " + m.Up.Name)
			file, lost, err := o.reverseOf(ctx, d, m, files, before, rows)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w: write %s/%s by hand", m.Up.Name, err, migrate.DownDir, m.Up.Name)
			}
			names = append(names, path.Join(migrate.DownDir, file.Name))
			warnings = append(warnings, lost...)
			done()
		}
		if err := d.fill(ctx); err != nil {
			return nil, nil, err
		}
	}
	if len(names) == 0 {
		return nil, nil, nil
	}
	all, err := files.hashed()
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(path.Join(o.Migrations, migrate.DownDir), 0o755); err != nil {
		return nil, nil, fmt.Errorf("make the folder of reverses: %w", err)
	}
	written, err = replaceFiles(o.Migrations, all, append(names, path.Join(migrate.DownDir, migrate.DownSumFile))...)
	return written, warnings, err
}

// reverseOf computes and proves one reverse.
func (o Options) reverseOf(ctx context.Context, d *database, m *migrate.Migration, files fileSet, before snapshot, rows content) (File, []string, error) {
	plan := &Plan{}
	file := File{Version: m.Version, Name: m.Up.Name, Up: m.Up.SQL}
	after, err := d.snapshot(ctx)
	if err != nil {
		return file, nil, err
	}
	var impossible string
	if file.Down, impossible, err = o.down(ctx, d, stage{}, after, before, plan); err != nil {
		return file, nil, err
	}
	if file.Down == "" {
		file.Down = "-- Nothing to undo: the migration changes rows only, and what they held before is not known\nSELECT 1;\n"
	}
	files.put(file)
	if impossible != "" {
		return file, plan.Warnings, nil
	}
	dir, err := files.directory()
	if err != nil {
		return file, nil, err
	}
	losses, err := d.roundTrip(ctx, dir, m.Version, before, after, rows)
	for _, l := range losses {
		plan.Warnings = append(plan.Warnings, "undoing "+file.Name+" does not bring back "+l.String())
	}
	return file, plan.Warnings, err
}

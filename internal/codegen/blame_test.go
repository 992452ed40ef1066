package codegen

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/codegen/fixture"
	"github.com/lockstep-dev/lockstep/internal/codegen/model"
)

func TestBlameORMNamesEntityAndField(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "parcel.go")
	write(t, file, "package ent\n\n// Deprecated: two\nlines of Weight\n")
	w := &Workspace{graph: fixture.Graph(t, Parcel{})}
	err := w.blameORM(errors.New("format file "+file+": "+file+":4:1: expected declaration"), dir)
	if want := "entity Parcel, field weight: ent/parcel.go:4:1: expected declaration\n  lines of Weight"; !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	other := errors.New("something else")
	if got := w.blameORM(other, dir); !errors.Is(got, other) {
		t.Errorf("got %v, want the error as it is", got)
	}
}

func TestBlameContractNamesEntityAndField(t *testing.T) {
	t.Parallel()
	const document = `{
  "openapi": "3.0.3",
  "info": {
    "title": "T",
    "version": "1"
  },
  "paths": {
    "/v1/parcels": {
      "get": {
        "operationId": "parcels.list",
        "responses": {
          "200": {
            "description": "All.",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ParcelPage"
                }
              }
            }
          },
          "default": {
            "description": "No."
          }
        }
      }
    }
  },
  "components": {
    "schemas": {
      "ParcelPage": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string"
          },
          "netWeight": {
            "type": "odd"
          }
        }
      }
    }
  }
}`
	w := &Workspace{entities: []*model.Entity{{Name: "Par", Path: "/v1/pars"}, {Name: "Parcel", Path: "/v1/parcels", Fields: []*model.Field{{Name: "id", JSON: "id"}, {Name: "net_weight", JSON: "netWeight"}}}}}
	_, err := readServer([]byte(document))
	if err == nil {
		t.Fatal("ogen takes a type that is none")
	}
	err = w.blameContract(err, []byte(document))
	if want := "entity Parcel, field net_weight: ogen cannot take components.schemas.ParcelPage.properties.netWeight"; !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

package image

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	packageurl "github.com/package-url/packageurl-go"
)

// materials is the bill of materials of a binary (CycloneDX 1.6, JSON): the modules that are linked into it, with their
// sums, and the standard library. It comes from the binary itself, so it cannot say anything else than what is in there.
func materials(info *buildinfo.BuildInfo, source Source, version string) ([]byte, error) {
	main := component(&info.Main, cyclonedx.ComponentTypeApplication)
	main.Version, main.PackageURL = version, purl(info.Main.Path, version)
	main.BOMRef = main.PackageURL
	main.Properties = &[]cyclonedx.Property{
		{Name: "commit", Value: source.Commit},
		{Name: "package", Value: info.Path},
	}
	parts := []cyclonedx.Component{component(&debug.Module{Path: "std", Version: info.GoVersion}, cyclonedx.ComponentTypeLibrary)}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		parts = append(parts, component(module, cyclonedx.ComponentTypeLibrary))
	}
	slices.SortFunc(parts, func(a, b cyclonedx.Component) int { return bytes.Compare([]byte(a.BOMRef), []byte(b.BOMRef)) })

	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: source.Date.Format(time.RFC3339), // not that of the build, which would differ each time
		Component: &main,
	}
	bom.Components = &parts
	var out bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("write the bill of materials: %w", err)
	}
	return out.Bytes(), nil
}

func component(module *debug.Module, kind cyclonedx.ComponentType) cyclonedx.Component {
	url := purl(module.Path, module.Version)
	c := cyclonedx.Component{BOMRef: url, Type: kind, Name: module.Path, Version: module.Version, PackageURL: url}
	if module.Sum != "" {
		c.Properties = &[]cyclonedx.Property{{Name: "go.sum", Value: module.Sum}}
	}
	return c
}

// purl names a Go module for vulnerability scanners (package-url.github.io, type golang).
func purl(module, version string) string {
	namespace, name := path.Split(module)
	return packageurl.NewPackageURL(packageurl.TypeGolang, strings.TrimSuffix(namespace, "/"), name, version, nil, "").ToString()
}

// What a Grafana server's own start does for the libraries: the registries of properties and transformations.

import {
  FieldConfigOptionsRegistry,
  identityOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
} from "@grafana/data";

const STANDARD = [
  "unit",
  "min",
  "max",
  "decimals",
  "displayName",
  "color",
  "thresholds",
  "mappings",
  "noValue",
  "links",
  "description",
  "fieldMinMax",
  "filterable",
  "actions",
];

export function register() {
  standardTransformersRegistry.setInit(() =>
    [...new Set(Object.values(standardTransformers))].map((transformation) => ({
      id: transformation.id,
      name: transformation.name,
      transformation,
      editor: () => null,
    })),
  );
}

/**
 * A panel plugin lists the properties that it has. The plugins are not to be had, so what is taken over is what
 * the panel itself sets, and the defaults of its kind.
 */
export function properties(fieldConfig) {
  const custom = new Set(Object.keys(fieldConfig.defaults.custom ?? {}));
  for (const { properties: changed } of fieldConfig.overrides) {
    for (const { id } of changed) {
      if (id.startsWith("custom.")) custom.add(id.slice("custom.".length));
    }
  }
  const property = (id, path, isCustom) => ({
    id,
    path,
    isCustom,
    name: id,
    process: identityOverrideProcessor,
    shouldApply: () => true,
    override: () => null,
    editor: () => null,
  });
  return new FieldConfigOptionsRegistry(() => [
    ...STANDARD.map((name) => property(name, name, false)),
    ...[...custom].map((name) => property(`custom.${name}`, name, true)),
  ]);
}

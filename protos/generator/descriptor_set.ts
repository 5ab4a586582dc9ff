/** A `FileDescriptorSet` in proto3 JSON, as far as the generator reads it. */
export interface FileDescriptorSet {
  readonly file: readonly FileDescriptor[];
}

export interface FileDescriptor {
  readonly name: string;
  readonly package: string;
  readonly messageType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
}

export interface MessageDescriptor {
  readonly name: string;
  readonly field?: readonly FieldDescriptor[];
  readonly oneofDecl?: readonly OneofDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly options?: Options & { readonly mapEntry?: boolean };
}

export interface FieldDescriptor {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly label: "LABEL_OPTIONAL" | "LABEL_REPEATED" | "LABEL_REQUIRED";
  /** `TYPE_STRING`, `TYPE_MESSAGE`, … */
  readonly type: string;
  /** With a leading dot. */
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
  readonly options?: Options;
}

export interface OneofDescriptor {
  readonly name: string;
  readonly options?: Options;
}

export interface EnumDescriptor {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number }[];
  readonly options?: Options;
}

export interface Options {
  readonly deprecated?: boolean;
  readonly "[validate.rules]"?: unknown;
  readonly "[validate.required]"?: boolean;
  readonly "[validate.disabled]"?: boolean;
  readonly "[validate.ignored]"?: boolean;
  readonly "[envoy.annotations.disallowed_by_default]"?: boolean;
  readonly "[udpa.annotations.sensitive]"?: boolean;
}

/** A message with its place: `.pkg.Outer.Inner` is `scope` plus name. */
export interface PlacedMessage {
  readonly fullName: string;
  readonly file: FileDescriptor;
  readonly message: MessageDescriptor;
}

/** The messages of a file with the nested ones, outer before inner, without the entries of maps. */
export function messagesOf(file: FileDescriptor): PlacedMessage[] {
  const placed: PlacedMessage[] = [];
  const visit = (message: MessageDescriptor, scope: string) => {
    if (message.options?.mapEntry) return;
    const fullName = `${scope}.${message.name}`;
    placed.push({ fullName, file, message });
    for (const nested of message.nestedType ?? []) visit(nested, fullName);
  };
  for (const message of file.messageType ?? []) visit(message, file.package);
  return placed;
}

/** The fields of the entry if the field is a map. */
export function mapEntryOf(message: MessageDescriptor, field: FieldDescriptor) {
  if (field.label !== "LABEL_REPEATED" || field.type !== "TYPE_MESSAGE") return undefined;
  const entry = message.nestedType?.find((nested) =>
    nested.options?.mapEntry && field.typeName?.endsWith(`.${message.name}.${nested.name}`)
  );
  const [key, value] = entry?.field ?? [];
  return key === undefined || value === undefined ? undefined : { key, value };
}

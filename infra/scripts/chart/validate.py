"""Checks Kubernetes documents: validate.py <crd folder> <version>... < documents.yaml

Each document against the strict schema of its kind in every version, KEDA's against the schemas of its own definitions.
Prints one line per fault and exits with 1 when there is one.
"""

import glob
import sys

import jsonschema
import kubernetes_validate
import yaml


def sealed(schema):
    """The schema with unknown fields refused, as the API server would prune them without a word."""
    if isinstance(schema, list):
        return [sealed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: sealed(value) for key, value in schema.items()}
    open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(schema.get("properties"), dict) and not open_ended:
        result["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    return result


def definitions(folder):
    found = {}
    for file in glob.glob(f"{folder}/*.yaml"):
        with open(file, encoding="utf8") as text:
            definition = yaml.safe_load(text)["spec"]
        for version in definition["versions"]:
            schema = sealed(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            found[(f"{definition['group']}/{version['name']}", definition["names"]["kind"])] = schema
    return found


def faults_of(document, crds, versions):
    schema = crds.get((document["apiVersion"], document["kind"]))
    if schema is not None:
        for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
            yield f"KEDA: {error.json_path}: {error.message}"
        return
    for version in versions:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {version}: {error.json_path}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield f"Kubernetes {version}: {error.message}"


def main():
    folder, *versions = sys.argv[1:]
    crds = definitions(folder)
    documents = [document for document in yaml.safe_load_all(sys.stdin) if document]
    faults = [
        f"{document['kind']} {document['metadata']['name']}: {fault}"
        for document in documents
        for fault in faults_of(document, crds, versions)
    ]
    print("\n".join([*faults, f"{len(documents)} documents"]))
    sys.exit(1 if faults or not documents else 0)


main()

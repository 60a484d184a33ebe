"""Reads {"schema": ..., "documents": [...]} and prints a list: for each document, what is wrong with it, or null."""

import json
import sys

import jsonschema  # of Debian: python3-jsonschema

given = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(given["schema"])
validator = jsonschema.Draft202012Validator(given["schema"])


def problem(document):
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    return error and f"{error.json_path}: {error.message[:200]}"


json.dump([problem(document) for document in given["documents"]], sys.stdout)

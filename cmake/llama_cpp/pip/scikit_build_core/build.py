"""Answers pip's question for the metadata of a source archive from the PKG-INFO inside it, and builds nothing."""

import email
import pathlib


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    text = pathlib.Path("PKG-INFO").read_bytes()
    info = email.message_from_bytes(text)
    folder = pathlib.Path(metadata_directory, f"{info['Name']}-{info['Version']}.dist-info")
    folder.mkdir()
    folder.joinpath("METADATA").write_bytes(text)
    return folder.name

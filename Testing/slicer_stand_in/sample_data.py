"""The module SampleData: what is registered with it, without ever downloading."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from typing import Any

import slicer


@dataclass
class SampleDataSource:
    """A sample as it was registered; one file's fields are lists of one entry."""

    sampleName: str | None = None
    sampleDescription: str | None = None
    uris: Any = None
    fileNames: Any = None
    nodeNames: Any = None
    checksums: Any = None
    loadFiles: Any = None
    customDownloader: Any = None
    thumbnailFileName: str | None = None
    loadFileTypes: Any = None
    loadFileProperties: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("fileNames", "nodeNames", "checksums", "loadFiles", "loadFileTypes")
        if isinstance(self.uris, str):
            self.uris = [self.uris]
            for name in names:
                setattr(self, name, [getattr(self, name)])
        for name in names:
            value = getattr(self, name)
            if name != "fileNames" and (value is None or isinstance(value, str)):
                setattr(self, name, [value] * len(self.uris))
            if len(getattr(self, name)) != len(self.uris):
                raise ValueError("All fields of sample data source must have the same length")


class SampleDataLogic:
    """Registers samples, and hands them to their own downloader."""

    @staticmethod
    def registerCustomSampleDataCategory(category: str, title: str) -> None:
        known = slicer.modules.__dict__.setdefault("sampleDataSourceCategories", {})
        known.setdefault(category, {})["title"] = title

    @staticmethod
    def registerCustomSampleDataSource(category: str = "Custom", **fields) -> None:
        sources = SampleDataLogic.sampleDataSourcesByCategory().setdefault(category, [])
        source = SampleDataSource(**fields)
        if source not in sources:
            sources.append(source)

    @staticmethod
    def sampleDataSourcesByCategory(category: str | None = None):
        known = slicer.modules.__dict__.setdefault("sampleDataSources", {})
        return known if category is None else known.get(category, [])

    def sourceForSampleName(self, sampleName: str) -> SampleDataSource | None:
        every = (each for group in self.sampleDataSourcesByCategory().values() for each in group)
        return next((each for each in every if each.sampleName == sampleName), None)


def sampleDataModule() -> types.ModuleType:
    module = types.ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic
    module.SampleDataSource = SampleDataSource
    return module

"""The tests that Slicer runs hold in the stand-in, and say what they skip where packages lack."""

import logging

import pytest


@pytest.fixture
def selfTest(moduleWidget, caplog):
    from PartialSeg import PartialSegTest

    caplog.set_level(logging.INFO)
    return PartialSegTest("runTest")


def test_the_story_of_the_module_holds(selfTest, caplog):
    selfTest.runTest()
    assert "The tests are over." in caplog.messages
    assert not any("Not tested" in message for message in caplog.messages)


def test_without_packages_it_says_what_it_did_not_test(selfTest, caplog, packages):
    packages.lack("torch")
    selfTest.runTest()
    assert any("Not tested" in said and "torch" in said for said in caplog.messages)

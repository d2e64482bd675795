"""A wheel that has the library inside is of one platform, and of any Python; one without is of any platform."""

from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.dist import Distribution

HAS_LIBRARY = (Path(__file__).parent / "src/el4ner/lib").exists()


class PlatformWheel(bdist_wheel):
    """Tagged for this platform, without a version of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        """The tag: the library does not link with Python."""
        python, abi, platform = super().get_tag()
        return ("py3", "none", platform) if HAS_LIBRARY else (python, abi, platform)


class WithLibrary(Distribution):
    """Not pure where the library is inside."""

    def has_ext_modules(self) -> bool:
        """What the tag goes by."""
        return HAS_LIBRARY


setup(distclass=WithLibrary, cmdclass={"bdist_wheel": PlatformWheel})
